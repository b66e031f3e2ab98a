import pytest
import zstandard

from agent.relay.parcel import Clock, accept, labelled, read, spans
from tests.build.parcels import SECOND, frame, parcel, zipped
from vigie.errors import FrameError, Refused
from vigie.frame import Gap, unpack


def test_a_request_is_kept_as_it_came_with_the_names_of_its_frames() -> None:
    body = zipped(frame(1), frame(2, agent="a2"))
    made = accept(body, "site", None, zipped=True)
    assert made.body == body
    assert [(n.container, n.agent, n.boot, n.sequence) for n in made.frames] == [
        ("site/c1", "a1", "b1", 1), ("site/c1", "a2", "b1", 2),
    ]  # fmt: skip
    assert made.plain() == frame(1) + frame(2, agent="a2")


@pytest.mark.parametrize("body", [frame(1), frame(1) + frame(2)])
def test_a_plain_body_is_compressed_so_that_it_may_leave_with_others(body: bytes) -> None:
    made = accept(body, "site", None, zipped=False)
    assert zstandard.frame_content_size(made.body) == len(body) == made.raw
    assert made.plain() == body


def test_a_body_whose_end_is_cut_off_goes_no_further_as_it_is() -> None:
    whole = zstandard.ZstdCompressor(write_checksum=True).compress(frame(1))
    made = accept(whole[:-4], "site", None, zipped=True)
    assert made.plain() == frame(1)


def test_zstd_frames_one_after_the_other_are_one_body() -> None:
    made = accept(zipped(frame(1)) + zipped(frame(2)), "site", None, zipped=True)
    assert [n.sequence for n in made.frames] == [1, 2]
    assert made.plain() == frame(1) + frame(2)


def test_what_is_on_disk_is_read_as_it_was() -> None:
    made = parcel(frame(1), frame(2), clock=Clock("b1", 3, 4, 5))
    assert read(made.payload) == made


def test_the_label_of_a_parcel_outlives_its_frames() -> None:
    made = parcel(frame(1), frame(2))
    left = labelled(made.payload[:-5] + b"#####")
    assert left is not None
    assert left.frames == made.frames
    assert labelled(made.payload[:10] + b"#" + made.payload[11:]) is None
    with pytest.raises(FrameError):
        read(made.payload[:10] + b"#" + made.payload[11:])


@pytest.mark.parametrize(
    ("scope", "good"),
    [("site", True), ("site/c1", True), ("site/c1/h1", True), ("", True),
     ("site/c2", False), ("site/c", False), ("other", False)],
)  # fmt: skip
def test_nobody_speaks_for_a_container_outside_their_scope(scope: str, good: bool) -> None:
    if good:
        assert parcel(frame(1), scope=scope).scope == scope
        return
    with pytest.raises(Refused) as refused:
        parcel(frame(1), scope=scope)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("body", "fault"),
    [(b"", "truncated"), (zipped(b"no frame"), "truncated"), (zipped(b"x" * 50), "magic"),
     (b"\x00" * 9, "zstd"), (zipped(frame(1))[:-9], "truncated")],
)  # fmt: skip
def test_what_holds_no_frames_is_refused(body: bytes, fault: str) -> None:
    with pytest.raises(FrameError) as refused:
        accept(body, "site", None, zipped=bool(body))
    assert refused.value.fault == fault


def test_a_body_that_grows_too_large_is_refused_before_it_does() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(100 * 2**20))
    for body in (bomb, zipped(frame(1)) + bomb):
        with pytest.raises(Refused) as refused:
            accept(body, "site", None, zipped=True)
        assert refused.value.status == 413


def test_a_request_of_too_many_boots_would_fill_the_head_of_ours() -> None:
    with pytest.raises(Refused) as refused:
        parcel(*(frame(1, boot="b" * 100 + str(n)) for n in range(300)))
    assert refused.value.status == 413


def test_frames_apart_and_without_some_are_the_same_frames() -> None:
    made = parcel(frame(1), frame(2), frame(3))
    assert [p.plain() for p in made.apart()] == [frame(1), frame(2), frame(3)]
    assert made.without(made.frames[:2]).plain() == frame(3)


def test_gaps_that_an_agent_told_are_known_when_its_frame_is_lost() -> None:
    gap = Gap(1, 4, 10, 40, "spool full")
    made = parcel(frame(5, gaps=(gap,), payload=b""), frame(6))
    assert made.gaps() == {("site/c1", "a1", "b1"): (gap,)}
    assert read(made.payload).gaps() == made.gaps()
    assert parcel(frame(6)).gaps() == {}


def test_clocks_go_on_while_frames_wait() -> None:
    assert Clock("b1", 100, 50, 7).told(7 + SECOND) == f"b1 {100 + SECOND} {50 + SECOND}"


def test_numbers_are_told_by_sender() -> None:
    made = parcel(frame(1), frame(2), frame(9), frame(4, boot="b2"))
    assert spans(made.frames) == {
        ("site/c1", "a1", "b1"): [(1, 2), (9, 9)], ("site/c1", "a1", "b2"): [(4, 4)],
    }  # fmt: skip
    assert next(unpack(made.plain())).header.sequence == 1
