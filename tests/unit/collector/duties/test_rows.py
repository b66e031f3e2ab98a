import numpy as np
import pyarrow as pa

from agent import ship
from alerts.lifecycle import Subject
from collector.duties.rows import GRACE_SECONDS, ArrowRows, Seen
from collector.store import schema
from vigie.catalogue import Filesystem, Source

NOW = 1_800_000_000.0


def rows(
    *mounts: str, seen: Seen | None = None, free: list[int | None] | None = None, at: float = NOW
) -> ArrowRows:
    """File systems of one host, read at `at`."""
    count = len(mounts)
    columns = {
        "time": [round(at * 1e6)] * count, "container": ["p/a"] * count, "host": ["h1"] * count,
        "mount": list(mounts), "available_bytes": free or [1] * count,
        "read_only": [None, True, False][:count] + [None] * (count - 3),
        "quality": [0] * count, "suspect": [0] * count,
    }  # fmt: skip
    whole = schema.raw(Filesystem)
    arrays = [
        pa.array(columns.get(f.name, [None] * count), pa.int64()).cast(f.type)
        if f.name == "time" else pa.array(columns.get(f.name, [None] * count), f.type)
        for f in whole
    ]  # fmt: skip
    return ArrowRows(Filesystem, pa.table(arrays, schema=whole), seen or Seen(), NOW)


def test_null_is_nan_and_a_flag_a_number() -> None:
    found = rows("/", "/srv", "/home", free=[None, 5, 2**40])
    assert np.array_equal(found.numbers("available_bytes"), [np.nan, 5, 2**40], equal_nan=True)
    assert np.array_equal(found.numbers("read_only"), [np.nan, 1, 0], equal_nan=True)


def test_keys_are_words_and_codes() -> None:
    texts = rows("/", "/srv", "/").texts("mount")
    assert [texts.words[code] for code in texts.codes] == ["/", "/srv", "/"]


def test_rows_are_named_and_found_again() -> None:
    found = rows("/", "/srv", "/home")
    srv = Subject("p/a", ("h1", "/srv"))
    assert found.subjects(np.array([1])) == [srv]
    nobody = [Subject("p/a", ("h1", "/nowhere")), Subject("p/b", ("h1", "/srv"))]
    assert found.find([srv, *nobody]) == {srv: 1}


def test_a_place_that_is_remembered_is_verified() -> None:
    seen = Seen()
    srv = Subject("p/a", ("h1", "/srv"))
    assert rows("/", "/srv", "/home", seen=seen).find([srv]) == {srv: 1}
    assert rows("/srv", "/", "/home", seen=seen).find([srv]) == {srv: 0}
    assert rows("/", "/home", "/x", seen=seen).find([srv]) == {}


def test_what_was_nowhere_is_looked_for_again_when_rows_come() -> None:
    seen = Seen()
    x = Subject("p/a", ("h1", "/x"))
    first = rows("/", "/srv", "/home", seen=seen)
    first.ages()
    assert first.find([x]) == {}
    second = rows("/", "/srv", "/home", "/x", seen=seen)
    second.ages()
    assert second.find([x]) == {x: 3}


def test_an_age_counts_from_the_rows_time_or_from_when_it_was_first_seen() -> None:
    seen = Seen()
    past, ahead = round((NOW - 40) * 1e6), round((NOW + 500) * 1e6)
    times = np.array([past, ahead])
    assert seen.ages(times, NOW).tolist() == [40, 0]
    assert seen.ages(times, NOW + 31).tolist() == [71, 31]
    newer = np.array([past, ahead + 1])
    assert seen.ages(newer, NOW + 32).tolist() == [72, 0]


def test_nobody_was_silent_while_nobody_listened() -> None:
    seen = Seen(listening=NOW)
    before, after = round((NOW - 600) * 1e6), round((NOW + 5) * 1e6)
    known = GRACE_SECONDS
    for later, silences in ((6, [np.nan, 1]), (known - 1, [np.nan, 94]), (known, [known, 95])):
        ages = seen.ages(np.array([before, after]), NOW + later)
        assert ages[0] == later + 600, "and yet its row is old, and says nothing of now"
        assert np.array_equal(seen.silences(ages, NOW + later), silences, equal_nan=True)


def test_an_agent_has_the_time_to_come_back() -> None:
    told_to_wait = 30.0
    assert ship.LONGEST_PAUSE_SECONDS + told_to_wait < GRACE_SECONDS


def test_new_rows_do_not_disturb_the_old() -> None:
    seen = Seen()
    ahead = round((NOW + 500) * 1e6)
    seen.ages(np.array([ahead]), NOW)
    assert seen.ages(np.array([ahead, ahead]), NOW + 10).tolist() == [10, 0]
    assert seen.ages(np.array([ahead]), NOW + 20).tolist() == [0], "another table begins anew"


def test_a_silent_measurement_has_no_rows() -> None:
    found = ArrowRows(Source, schema.raw(Source).empty_table(), Seen(), NOW)
    assert found.rows == 0
    assert found.ages().tolist() == []
    assert found.find([Subject("p/a", ("h1", "agent"))]) == {}
