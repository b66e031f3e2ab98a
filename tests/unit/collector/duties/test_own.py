"""The collector's own rows stand beside those that came in, where rules look."""

from datetime import UTC, datetime

from collector.duties.own import Own, Row
from tests.build.alarm import Store
from vigie.catalogue import Commitment, Filesystem

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


def test_what_is_told_takes_the_place_of_what_was_told_before() -> None:
    own = Own()
    assert own.table("commitment") is None
    cells = {Commitment.kind: "permit", Commitment.item: "river", Commitment.left_seconds: 5.0}
    own.tell(Commitment, [Row("munich", cells)], NOW)
    found = own.table("commitment")
    assert found is not None
    [row] = found.to_pylist()
    assert (row["container"], row["host"], row["kind"]) == ("munich", "none", "permit")
    assert (row["left_seconds"], row["used_ratio"], row["time"]) == (5.0, None, NOW)
    own.tell(Commitment, [], NOW)
    assert own.table("commitment").num_rows == 0  # type: ignore[union-attr]


def test_rows_that_came_in_are_read_as_before() -> None:
    own, store = Own(), Store()
    store.live.put(Filesystem, "paris/a", NOW.timestamp(), {"mount": "/", "size_bytes": 5})
    own.tell(Commitment, [Row("", {Commitment.kind: "permit", Commitment.item: "x"})], NOW)
    live = own.beside(store).live
    assert live.table("filesystem").num_rows == 1
    assert live.table("commitment").num_rows == 1
    assert live.table("gpu").num_rows == 0
    assert live.commit == store.live.commit


def test_rows_that_somebody_else_keeps_are_asked_for_each_time() -> None:
    own, kept = Own(), Own()
    own.ask(Commitment, lambda: kept.table("commitment"))
    kept.tell(Commitment, [Row("", {Commitment.kind: "permit", Commitment.item: "x"})], NOW)
    found = own.table("commitment")
    assert found is not None
    assert found.num_rows == 1
