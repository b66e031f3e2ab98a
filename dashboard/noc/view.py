"""What a screen is read with: who asks, when it is, and what may be a few seconds old."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from dashboard.noc.chosen import Chosen
from dashboard.noc.rates import Rates
from dashboard.questions import Asker

T = TypeVar("T")


class Slow(Protocol):
    """Reads what costs the API more than a look, and changes less than every tick."""

    def __call__(self, name: str, seconds: float, read: Callable[[], Any], /) -> Any:
        """What `read` gave at most `seconds` ago; raises as `read`."""


class Aside(Protocol):
    """Reads what may take the API long, while the screen goes on with what was read last."""

    def __call__(self, name: str, seconds: float, read: Callable[[Asker], Any], /) -> Any:
        """What `read` gave, to be read again after `seconds`; raises as `read`.

        Raises:
            Pending: it has not come yet.
        """


def at_once(_: str, __: float, read: Callable[[], Any], /) -> Any:
    """Read every time."""
    return read()


@dataclass(frozen=True, slots=True)
class View:
    """One reading of a screen; `now` in Unix seconds, `zone` that of the watch."""

    ask: Asker
    now: float
    zone: ZoneInfo
    rates: Rates = field(default_factory=Rates)
    slow: Slow = at_once
    chosen: Chosen = field(default_factory=Chosen)
    aside: Aside | None = None

    def long(self, name: str, seconds: float, read: Callable[[Asker], T]) -> T:
        """What `read` gave at some time, read again after `seconds`, aside where that is offered.

        Raises:
            Refused, Unavailable: it could not be read.
            Pending: it has not come yet.
        """
        if self.aside is None:
            return read(self.ask)
        found: T = self.aside(name, seconds, read)
        return found

    @property
    def language(self) -> str:
        """Of whoever looks."""
        return self.ask.language
