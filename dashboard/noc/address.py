"""What the address bar says: screen, site, language and period. All state that a link carries."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

from dashboard.format import LANGUAGES
from dashboard.noc import curves

SITE: Final = "/site/"


@dataclass(frozen=True, slots=True)
class Address:
    """A screen of this dashboard; `site` is empty on the first one."""

    site: str
    language: str
    period: str

    @property
    def page(self) -> str:
        """One word for what is on the screen; the period changes only its charts."""
        return f"{self.site or 'fleet'}:{self.language}"

    def in_language(self, language: str) -> str:
        """The same place in that language."""
        path = f"{SITE}{self.site}" if self.site else "/"
        chosen = f"&period={self.period}" if self.period != curves.DEFAULT_PERIOD else ""
        return f"{path}?lang={language}{chosen}"


def read(path: str | None, query: str | None, default: str) -> Address:
    """The address of these parts; what makes no sense is left at its default."""
    asked = parse_qs((query or "").lstrip("?"))
    language = asked.get("lang", [default])[0]
    period = curves.period(asked.get("period", [""])[0]).name
    site = unquote(path or "/")
    return Address(
        site.removeprefix(SITE).strip("/") if site.startswith(SITE) else "",
        language if language in LANGUAGES else default,
        period,
    )


def exists(path: str) -> bool:
    """Whether a screen stands at this path."""
    return path == "/" or (path.startswith(SITE) and len(path) > len(SITE))
