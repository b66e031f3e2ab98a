"""Sources that tests make up: what each says of itself, so that a test only says what it reads."""

from collections.abc import Callable

from agent.source import LIMIT_SECONDS, Found, Read, Run
from vigie.catalogue import Host
from vigie.shape import Columns, Measurement

LOAD: Columns = {Host.load1: [1.0]}


class Given:
    """A source that is always there and gives one row; a test gives it another turn, or name."""

    name = "given"
    measurements: tuple[type[Measurement], ...] = (Host,)
    reads: tuple[Read, ...] = ()
    runs: tuple[Run, ...] = ()
    period_seconds = 1.0
    limit_seconds = LIMIT_SECONDS
    apart = False

    def __init__(self, name: str = "", turn: Callable[[], Found] | None = None) -> None:
        self.name = name or self.name
        self.turn = turn

    def open(self) -> None:
        """Need nothing."""

    def close(self) -> None:
        """Hold nothing."""

    def read(self, now: int) -> Found:
        """What its turn gives."""
        return self.turn() if self.turn else Found(LOAD)
