"""How long it took until what was seriously wrong was right again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from vigie.network.places import inside

SERIOUS: Final = 2
"""The lowest priority that counts; 1 is the highest."""


class Alerts(Protocol):
    """What this needs of the register of alerts."""

    def ended(self, start: float, end: float) -> Sequence[tuple[str, int, float]]:
        """Alerts that were over from `start` until before `end`: container, priority, seconds."""


class Repairs:
    """Implements `collector.duties.facts.Repairs`."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def __call__(self, paths: Sequence[str], start: datetime, end: datetime) -> Sequence[float]:
        """The seconds that serious alerts in these paths lasted, of those that ended then."""
        return [
            seconds
            for container, priority, seconds in self._alerts.ended(
                start.timestamp(), end.timestamp()
            )
            if priority <= SERIOUS and any(inside(container, path) for path in paths)
        ]
