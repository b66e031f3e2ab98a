from agent.relay.seen import MARKS, Seen
from tests.build.parcels import frame, parcel


def test_a_frame_is_new_once() -> None:
    seen, first = Seen(), parcel(frame(1))
    assert seen.fresh(first) is first
    seen.note(first)
    assert seen.fresh(parcel(frame(1))) is None


def test_what_is_new_of_a_request_is_kept() -> None:
    seen = Seen()
    seen.note(parcel(frame(1)))
    fresh = seen.fresh(parcel(frame(1), frame(2)))
    assert fresh is not None
    assert fresh.plain() == frame(2)


def test_the_same_number_of_another_agent_boot_or_container_is_another_frame() -> None:
    seen = Seen()
    seen.note(parcel(frame(1)))
    for other in (frame(1, agent="x"), frame(1, boot="x"), frame(1, container="site/x")):
        assert seen.fresh(parcel(other)) is not None


def test_another_frame_of_a_taken_number_goes_on_for_the_collector_to_name() -> None:
    seen = Seen()
    seen.note(parcel(frame(1)))
    assert seen.fresh(parcel(frame(1, payload=b"other"))) is not None
    for n in range(2, 2 + MARKS):
        seen.note(parcel(frame(n)))
    assert seen.fresh(parcel(frame(1, payload=b"other"))) is None  # nobody remembers it


def test_what_the_disk_refused_is_new_again() -> None:
    seen = Seen()
    seen.note(parcel(frame(1), frame(2)))
    seen.forget(parcel(frame(2)))
    fresh = seen.fresh(parcel(frame(1), frame(2)))
    assert fresh is not None
    assert fresh.plain() == frame(2)
