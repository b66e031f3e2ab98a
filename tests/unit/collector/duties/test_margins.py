from datetime import UTC, datetime

import numpy as np

from collector.counters import Counters
from collector.duties.margins import MOST, Count
from collector.inventory.margins import Margins, Owner
from collector.inventory.records import RECORD, latest
from tests.build.fragments import CODE, record
from vigie.fragments import Scheme

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
