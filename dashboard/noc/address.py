"""What the address bar says: screen, site, language and period. All state that a link carries."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from dashboard.format import LANGUAGES
from dashboard.noc import curves
from dashboard.noc.chosen import Chosen
from dashboard.noc.screen import Screen
from dashboard.noc.screens import SCREENS


@dataclass(frozen=True, slots=True)
class Address:
    """A place in this dashboard; `site` is empty on a screen of the whole scope."""

    screen: Screen
    site: str
    language: str
    period: str
    chosen: Chosen = field(default_factory=Chosen)

    @property
    def page(self) -> str:
        """One word for what is laid out; a chart's period and what is chosen change no bones."""
        return ":".join(filter(None, [self.screen.name, self.site, self.language]))

    @property
    def board(self) -> str:
        """One word for all that is painted on the page."""
        return ":".join(filter(None, [self.page, self.chosen.word]))

    def in_language(self, language: str) -> str:
        """The same place in that language."""
        path = f"{self.screen.path}{self.site}"
        if "period" in self.screen.choices or self.period == curves.DEFAULT_PERIOD:
            return self.chosen.link(path, language)
        return self.chosen.link(path, language, period=self.period)

    def span(self, chart: str) -> curves.Period:
        """The period that a chart shows here."""
        return curves.period(self.screen.periods.get(chart, self.period))


def read(path: str | None, query: str | None, default: str) -> Address:
    """The address of these parts; what makes no sense is left at its default."""
    asked = parse_qs((query or "").lstrip("?"))
    language = asked.get("lang", [default])[0]
    screen, site = _found(unquote(path or "/")) or (SCREENS[0], "")
    return Address(
        screen,
        site,
        language if language in LANGUAGES else default,
        curves.period(asked.get("period", [""])[0]).name,
        Chosen.read(screen.choices, asked),
    )


def exists(path: str) -> bool:
    """Whether a screen stands at this path."""
    return _found(path) is not None


def _found(path: str) -> tuple[Screen, str] | None:
    return next(((s, site) for s in SCREENS if (site := s.site(path)) is not None), None)
