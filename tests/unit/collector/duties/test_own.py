"""The collector's own rows stand beside those that came in, where rules look."""

from datetime import UTC, datetime, timedelta

from collector.duties.own import Own, Row
from tests.build.alarm import Store
from vigie.catalogue import Commitment, Filesystem

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


def permit(item: str, left: float) -> Row:
    return Row("munich", {
        Commitment.kind: "permit", Commitment.item: item, Commitment.left_seconds: left,
    })  # fmt: skip


def test_a_row_says_what_it_is_of_and_what_lacks_is_unknown() -> None:
    own = Own()
    assert own.table("commitment") is None
    own.tell(Commitment, [permit("river", 5.0)], NOW)
    found = own.table("commitment")
    assert found is not None
    [row] = found.to_pylist()
    assert (row["container"], row["host"], row["kind"]) == ("munich", "none", "permit")
    assert (row["left_seconds"], row["used_ratio"], row["time"]) == (5.0, None, NOW)


def test_a_subject_keeps_its_place_and_its_last_row() -> None:
    own, later = Own(), NOW + timedelta(minutes=1)
    own.tell(Commitment, [permit("a", 1.0), permit("b", 2.0)], NOW)
    own.tell(Commitment, [permit("c", 3.0), permit("b", 4.0)], later)
    found = own.table("commitment")
    assert found is not None
    rows = [(r["item"], r["left_seconds"], r["time"]) for r in found.to_pylist()]
    assert rows == [("a", 1.0, NOW), ("b", 4.0, later), ("c", 3.0, later)]


def test_rows_that_came_in_are_read_as_before() -> None:
    own, store = Own(), Store()
    store.live.put(Filesystem, "paris/a", NOW.timestamp(), {"mount": "/", "size_bytes": 5})
    own.tell(Commitment, [Row("", {Commitment.kind: "permit", Commitment.item: "x"})], NOW)
    live = own.beside(store).live
    assert live.table("filesystem").num_rows == 1
    assert live.table("commitment").num_rows == 1
    assert live.table("gpu").num_rows == 0
    assert live.commit == store.live.commit


def test_a_start_begins_with_what_is_kept_in_its_places() -> None:
    store, later = Store(), NOW + timedelta(minutes=1)
    for item in ("b", "a"):
        store.live.put(Commitment, "munich", NOW.timestamp(), {
            "host": "none", "kind": "permit", "item": item, "left_seconds": 1.0,
        })  # fmt: skip
    own = Own(store.live)
    live = own.beside(store).live
    assert live.table("commitment").column("item").to_pylist() == ["b", "a"]
    own.tell(Commitment, [permit("c", 3.0), permit("a", 4.0)], later)
    rows = [(r["item"], r["left_seconds"]) for r in live.table("commitment").to_pylist()]
    assert rows == [("b", 1.0), ("a", 4.0), ("c", 3.0)]


def test_rows_that_somebody_else_keeps_are_asked_for_each_time() -> None:
    own, kept = Own(), Own()
    own.ask(Commitment, lambda: kept.table("commitment"))
    kept.tell(Commitment, [Row("", {Commitment.kind: "permit", Commitment.item: "x"})], NOW)
    found = own.table("commitment")
    assert found is not None
    assert found.num_rows == 1
