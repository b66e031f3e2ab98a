from collections.abc import Callable

from agent.relay.gaps import told
from agent.relay.segments import Kept
from tests.build.parcels import frame, kept, parcel
from vigie.frame import Gap, unpack


def lacking(**numbers: set[int]) -> Callable[[int], frozenset[str]]:
    return lambda number: frozenset(u for u, some in numbers.items() if number in some)


def spans(one: Kept) -> list[tuple[str, int, list[tuple[int, int, str]]]]:
    return [
        (f.header.agent, f.header.sequence, [(g.first, g.last, g.reason) for g in f.header.gaps])
        for f in unpack(one.parcel.plain())
    ]


def test_the_last_lost_frame_of_each_sender_makes_place_for_the_gap() -> None:
    lost = [kept(n, parcel(frame(n, agent=f"a{n % 2}"))) for n in range(1, 5)]
    found = told(lost, lacking(up={1, 2, 3, 4}), "full")
    assert found.frames == 4
    assert [(k.number, spans(k)) for k in found.kept] == [
        (3, [("a1", 3, [(1, 1, "full"), (3, 3, "full")])]),
        (4, [("a0", 4, [(2, 2, "full"), (4, 4, "full")])]),
    ]


def test_what_every_upstream_holds_leaves_no_gap() -> None:
    lost = [kept(n, parcel(frame(n))) for n in (1, 2, 3)]
    found = told(lost, lacking(up={1, 2}), "full")
    assert [(k.number, spans(k)) for k in found.kept] == [(2, [("a1", 2, [(1, 2, "full")])])]
    assert told(lost, lacking(up=set()), "full").kept == []


def test_an_upstream_that_has_the_last_frame_is_still_told_of_the_others() -> None:
    lost = [kept(n, parcel(frame(n))) for n in (1, 2, 3)]
    found = told(lost, lacking(one={1, 2}, other={1, 2, 3}), "full")
    places = {k.number: spans(k)[0][2] for k in found.kept}
    assert places == {2: [(1, 2, "full")], 3: [(3, 3, "full")]}


def test_what_a_gap_frame_told_stays_told_when_it_is_lost_too() -> None:
    first = told([kept(n, parcel(frame(n))) for n in (1, 2)], lacking(up={1, 2}), "full").kept
    again = told([*first, kept(3, parcel(frame(3)))], lacking(up={2, 3}), "old")
    assert spans(again.kept[0]) == [("a1", 3, [(1, 2, "full"), (3, 3, "old")])]
    assert again.frames == 1, "a gap is no reading lost again"


def test_an_agents_own_gaps_are_told_on() -> None:
    own = parcel(frame(9, gaps=(Gap(2, 5, 1, 2, "agent's"),), payload=b""))
    found = told([kept(1, own)], lacking(up={1}), "full")
    assert spans(found.kept[0]) == [("a1", 9, [(2, 5, "agent's"), (9, 9, "full")])]


def test_frames_of_one_request_share_the_place_of_their_gaps() -> None:
    both = parcel(frame(1), frame(1, agent="a2"))
    (one,) = told([kept(7, both)], lacking(up={7}), "full").kept
    assert (one.number, [agent for agent, *_ in spans(one)]) == (7, ["a1", "a2"])
