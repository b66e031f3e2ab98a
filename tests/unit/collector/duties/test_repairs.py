from collections.abc import Sequence
from datetime import UTC, datetime

from collector.duties.repairs import Repairs

START, END = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))


class Alerts:
    def ended(self, start: float, end: float) -> Sequence[tuple[str, int, float]]:
        assert (start, end) == (START.timestamp(), END.timestamp())
        return [("s/c", 1, 60.0), ("s/c", 2, 90.0), ("s/c", 3, 5.0), ("t/c", 1, 7.0)]


def test_only_serious_alerts_of_the_scope_tell_what_repairs_take() -> None:
    repairs = Repairs(Alerts())
    assert repairs(["s"], START, END) == [60, 90]
    assert repairs([""], START, END) == [60, 90, 7]
    assert repairs([], START, END) == []
