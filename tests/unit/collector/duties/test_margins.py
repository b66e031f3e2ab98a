from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from collector.counters import Counters
from collector.duties.margins import MOST, Count, Nearing
from collector.duties.own import Own
from collector.inventory.margins import Margins, Owner
from collector.inventory.records import RECORD, latest
from tests.build.fragments import CODE, record
from vigie.fragments import Scheme, Status

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def tell(margins: Margins, scheme: Scheme, objects: int, count: int) -> None:
    """That many objects have so many fragments."""
    for number in range(count):
        some = b"".join(record(one, number).pack() for one in range(objects))
        owner = Owner(number + 1, f"site/c{number}", "pool")
        margins.tell(owner, latest(np.frombuffer(some, RECORD)), [scheme])


def test_every_margin_has_a_number_also_when_it_is_none() -> None:
    margins, counters = Margins(), Counters()
    duty = Count(margins, counters)

    def counted(margin: int, scheme: Scheme = CODE) -> float:
        duty.run(NOW)
        return counters.value(
            "fragments_objects", store="pool", scheme=scheme.word, margin=str(margin)
        )

    tell(margins, CODE, 4, 2)
    assert [counted(margin) for margin in (-1, 0, 1, 2)] == [4, 0, 0, 0]
    tell(margins, CODE, 4, 5)
    assert [counted(margin) for margin in (-1, 0, 1, 2)] == [0, 0, 0, 4]


def test_what_is_very_safe_is_counted_together() -> None:
    margins, counters = Margins(), Counters()
    wide = Scheme(1, 30)
    tell(margins, wide, 3, 30)
    Count(margins, counters).run(NOW)
    found = {dict(s.labels)["margin"]: s.value for s in counters.samples()}
    assert found == {**{str(margin): 0 for margin in range(-1, MOST)}, str(MOST): 3}


def damage(margins: Margins, number: int, status: Status, *objects: int) -> None:
    """What lies in the inventory of fragment `number` is no good any more."""
    some = b"".join(record(one, number, status).pack() for one in objects)
    owner = Owner(number + 1, f"site/c{number}", "pool")
    margins.tell(owner, latest(np.frombuffer(some, RECORD)), [CODE])


@dataclass
class Known:
    """Inventories of which all is known, or not."""

    margins: Margins
    whole: bool = True

    def complete(self, _: str) -> bool:
        return self.whole


def rows(known: Known, simulated: str = "nowhere") -> list[dict[str, object]]:
    shelf = Own()
    Nearing(shelf, known, lambda path: path == simulated).run(NOW)
    found: list[dict[str, object]] = (shelf.table("margin") or pa.table({})).to_pylist()
    return found


def test_rules_read_of_each_store_how_many_objects_are_how_far_from_being_lost() -> None:
    known = Known(margins := Margins())
    tell(margins, CODE, 4, 5)
    (row,) = rows(known)
    assert (row["container"], row["time"]) == ("site", NOW)
    assert (row["store"], row["scheme"], row["objects_count"]) == ("pool", CODE.word, 4)
    names = ("lost_count", "bare_count", "thin_count", "vanished_count", "least_margin")

    def counted() -> list[object]:
        (row,) = rows(known)
        return [row[name] for name in names]

    assert counted() == [0, 0, 0, 0, 2]
    damage(margins, 0, Status.MISSING, 0, 1, 2)
    assert counted() == [0, 0, 3, 0, 1]
    damage(margins, 1, Status.CORRUPT, 0, 1)
    assert counted() == [0, 2, 1, 0, 0]
    damage(margins, 2, Status.UNREADABLE, 0)
    assert counted() == [1, 1, 1, 0, -1]
    for number in (3, 4):
        damage(margins, number, Status.MISSING, 0)
    assert counted() == [0, 1, 1, 1, 0], "nothing of it is left anywhere"


def test_what_is_being_told_or_deleted_is_not_lost() -> None:
    known = Known(margins := Margins())
    tell(margins, CODE, 4, 2)
    (row,) = rows(known)
    assert (row["objects_count"], row["lost_count"], row["least_margin"]) == (4, 0, 2)
    damage(margins, 0, Status.GONE, 0, 1)
    damage(margins, 1, Status.CORRUPT, 2)
    (row,) = rows(known)
    assert (row["lost_count"], row["least_margin"]) == (0, 2), "two fragments never made an object"


def test_nothing_is_said_of_a_store_of_which_something_is_still_to_be_told() -> None:
    known = Known(margins := Margins(), whole=False)
    tell(margins, CODE, 4, 5)
    assert rows(known) == []
    known.whole = True
    assert len(rows(known)) == 1


def test_a_store_that_the_twin_holds_a_part_of_is_said_of_a_place_that_it_plays() -> None:
    known = Known(margins := Margins())
    tell(margins, CODE, 1, 5)
    (row,) = rows(known, simulated="site/c3")
    assert row["container"] == "site/c3"
