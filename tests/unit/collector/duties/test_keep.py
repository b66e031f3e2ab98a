"""Of the collector's own rows, what changed is kept at once, and the rest now and then."""

from collections.abc import Mapping

import pyarrow as pa

from alerts.reach import Place
from collector.counters import Counters
from collector.duties import reach
from collector.duties.keep import FAILURES, Keep
from collector.store import schema
from vigie.catalogue import Commitment, Reach
from vigie.errors import Unavailable
from vigie.shape import Measurement


class Taken:
    """The seam of the store."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.full = False

    def tell(self, rows: Mapping[type[Measurement], pa.Table]) -> None:
        if self.full:
            raise Unavailable("the disk is nearly full")
        for table in rows.values():
            name = "item" if "item" in table.column_names else "container"
            self.rows += table.column(name).to_pylist()

    def since(self) -> list[str]:
        found, self.rows = self.rows, []
        return found


def commitments(now: float, **used: float) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"time": round(now * 1e6), "container": "p", "host": "none", "kind": "delivery",
             "item": item, "used_ratio": ratio, "quality": 1, "suspect": 0}
            for item, ratio in used.items()
        ],
        schema.raw(Commitment),
    )  # fmt: skip


def test_what_changed_is_kept_and_what_did_not_every_other_period() -> None:
    taken, now = Taken(), 1_000.0
    keep = Keep(taken, Counters())
    kept = []
    for minute in range(5):
        rows = commitments(now, still=0.5, moves=0.5 + minute / 100)
        keep.take(Commitment, rows, now)
        kept.append(taken.since())
        now += 60
    assert kept == [
        ["still", "moves"],
        ["moves"],
        ["still", "moves"],
        ["moves"],
        ["still", "moves"],
    ]


def test_silence_that_only_grows_is_no_change_and_a_silent_place_is() -> None:
    taken = Taken()
    keep = Keep(taken, Counters())

    def look(now: float, silent: int) -> list[str]:
        place = Place("p/a", "container", agents=3, silent=silent, silence=now - 1_000.0)
        keep.take(Reach, reach.table([place], now, taking=True), now)
        return taken.since()

    told = {now: look(1_000.0 + now, silent=0) for now in range(100)}
    assert [now for now, rows in told.items() if rows] == [0, 40, 80]
    assert look(1_101.0, silent=1) == ["p/a"]


def test_what_the_store_did_not_take_is_told_again() -> None:
    taken, counters = Taken(), Counters()
    keep = Keep(taken, counters)
    taken.full = True
    keep.take(Commitment, commitments(0.0, a=0.5), 0.0)
    assert {s.name: s.value for s in counters.samples()}[FAILURES] == 1
    taken.full = False
    keep.take(Commitment, commitments(1.0, a=0.5), 1.0)
    assert taken.since() == ["a"]
