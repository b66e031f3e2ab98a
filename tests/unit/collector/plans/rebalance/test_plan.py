"""What a plan does first, what it never does, and that it is the same again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.plans.move import Move, Phase
from collector.plans.place import Place, Places
from collector.plans.rebalance.plan import Rebalance, rebalance
from collector.plans.room import FULL
from collector.plans.why import Why
from tests.build.plans import NOW, place, policy, stripes
from vigie.fragments import Scheme
from vigie.network.reach import foreign, reached_by

SCHEME = Scheme(2, 4)
SEVEN = tuple(place(f"s{number}/c") for number in range(1, 8))
FOUR = ("s1/c", "s2/c", "s3/c", "s4/c")


def planned(
    places: Sequence[Place], rows: Sequence[Sequence[str]], *, size: float = 1.0, **rule: object
) -> Rebalance:
    made = Places(places)
    law = policy(SCHEME, **rule)
    return rebalance(made, [stripes(made, SCHEME, rows, size=size, rule=law)], NOW)


def with_(places: Sequence[Place], path: str, **given: object) -> list[Place]:
    return [replace(p, **given) if p.path == path else p for p in places]  # type: ignore[arg-type]


def test_a_sound_and_even_network_needs_nothing() -> None:
    found = planned(SEVEN, [FOUR, ["s4/c", "s5/c", "s6/c", "s7/c"]])
    assert found == Rebalance((), (), whole=True)


def test_the_object_nearest_to_lost_is_repaired_first_and_all_of_it_from_one_read() -> None:
    found = planned(SEVEN, [["", *FOUR[1:]], ["s1/c", "s2/c", "", ""]])
    assert [(m.name[-1], m.index, m.margin) for m in found.moves] == [("1", 2, 0), ("1", 3, 0),
                                                                      ("0", 0, 1)]  # fmt: skip
    assert {m.phase for m in found.moves} == {Phase.REPAIR}
    assert len({m.by for m in found.moves[:2]}) == 1
    assert all(m.source == "" for m in found.moves)


def test_what_cannot_be_rebuilt_is_left_and_said() -> None:
    found = planned(SEVEN, [["s1/c", "", "", ""]])
    assert found.moves == ()
    assert [(left.phase, left.objects) for left in found.left] == [(Phase.REPAIR, 1)]


def test_nobody_under_foreign_law_rebuilds() -> None:
    both = frozenset({"FR", "US"})
    reached = [replace(p, reached=both) if p.path in {"s5/c", "s6/c"} else p for p in SEVEN]
    found = planned(with_(reached, "s7/c", in_service=False), [["", "", "s3/c", "s4/c"]])
    assert {m.by for m in found.moves} <= {"s1/c", "s2/c", "s3/c", "s4/c"}
    assert len(found.moves) == 2


def test_a_container_that_leaves_is_emptied_with_the_thinnest_objects_first() -> None:
    rows = [FOUR, ["s1/c", "s1/c", "s5/c", "s6/c"], ["s1/c", "s2/c", "s3/c", "s6/c"]]
    found = planned(with_(SEVEN, "s1/c", leaves=NOW + 3_600), rows)
    drained = [m for m in found.moves if m.phase is Phase.DRAIN]
    assert [m.name[-1] for m in drained] == ["1", "0", "2"]
    assert all(m.source == "s1/c" and m.target not in {"s1/c", ""} for m in drained)


def test_a_container_that_does_not_answer_is_not_copied_from() -> None:
    found = planned(with_(SEVEN, "s1/c", failing=True, told=NOW - 3_600), [FOUR])
    assert found.moves == ()


def test_an_object_is_never_copied_and_repaired_at_once() -> None:
    found = planned(with_(SEVEN, "s1/c", failing=True), [["s1/c", "s2/c", "s3/c", ""]])
    assert [(m.phase, m.index) for m in found.moves] == [(Phase.REPAIR, 3)]


def test_a_hot_container_gives_only_what_would_be_thin_without_it() -> None:
    rows = [FOUR, ["s1/c", "s1/c", "s5/c", "s6/c"]]
    found = planned(with_(SEVEN, "s1/c", hot=True), rows)
    assert [(m.phase, m.name[-1]) for m in found.moves] == [(Phase.EVACUATE, "1")]


def test_a_container_too_full_gives_until_it_is_relieved() -> None:
    full = with_(SEVEN, "s1/c", used_bytes=900.0)
    found = planned(full, [FOUR] * 30, size=10.0)
    assert Counter(m.phase for m in found.moves)[Phase.EVACUATE] == 10
    assert {m.phase for m in found.moves[:10]} == {Phase.EVACUATE}


def test_levelling_begins_late_and_ends_early() -> None:
    assert planned(with_(SEVEN, "s1/c", used_bytes=400.0), [FOUR] * 30, size=10.0).moves == ()
    found = planned(with_(SEVEN, "s1/c", used_bytes=600.0), [FOUR] * 60, size=10.0)
    assert {m.phase for m in found.moves} == {Phase.LEVEL}
    assert len(found.moves) == 21  # the mean is 34.3 %, and 39.3 % is near enough


def test_a_move_tells_which_emptier_containers_were_refused_and_why() -> None:
    places = with_(SEVEN, "s5/c", used_bytes=100.0, reached=frozenset({"FR", "US"}))
    found = planned(with_(places, "s1/c", leaves=NOW), [["s1/c", "s2/c", "s3/c", "s4/c"]])
    assert [(r.path, r.why) for r in found.moves[0].refused] == [("s5/c", Why.THINNER)]


def test_what_finds_no_place_says_why() -> None:
    found = planned(with_(SEVEN[:4], "s1/c", leaves=NOW), [FOUR])
    assert found.moves == ()
    assert [(left.objects, left.why) for left in found.left] == [(1, Why.HOLDS.value)]


REACHES = (frozenset({"FR"}), frozenset({"DE"}), frozenset({"FR", "US"}), None)


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Place], list[list[str]], dict[str, object]]:
    count = draw(st.integers(5, 12))
    places = []
    for number in range(count):
        reach = draw(st.sampled_from(REACHES))
        places.append(
            place(
                f"s{draw(st.integers(1, 5))}/c{number}", draw(st.floats(0, 1)), reached=reach,
                country=draw(st.sampled_from(["FR", "DE", "US"])),
                failing=draw(st.booleans()) and draw(st.booleans()),
                hot=draw(st.sampled_from([False, False, True, None])),
                leaves=draw(st.sampled_from([None, None, None, NOW + 60])),
                in_service=draw(st.integers(0, 5)) > 0,
            )
        )  # fmt: skip
    paths = [p.path for p in places]
    rows = [
        draw(st.lists(st.sampled_from(["", *paths]), min_size=4, max_size=4))
        for _ in range(draw(st.integers(1, 12)))
    ]
    rule = {
        "domain": draw(st.sampled_from(["container", "site"])), "most": draw(st.integers(1, 2)),
        "home": draw(st.sampled_from([None, "EU", "FR"])),
    }  # fmt: skip
    return places, rows, rule


@settings(deadline=None, max_examples=150)
@given(networks(), st.sampled_from([1.0, 40.0]))
def test_no_step_of_any_plan_breaks_what_must_hold(
    network: tuple[list[Place], list[list[str]], dict[str, object]], size: float
) -> None:
    """Each step is judged anew, by other and slower means than the planner's."""
    places, rows, rule = network
    found = planned(places, rows, size=size, **rule)
    assert planned(places, rows, size=size, **rule) == found
    by = {p.path: p for p in places}
    used = {p.path: p.used_bytes or 0.0 for p in places}
    touched = Counter((m.name, m.phase) for m in found.moves)
    assert len({name for name, _ in touched}) == len(touched)
    state = {f"{number:020x}": list(row) for number, row in enumerate(rows)}
    for step in found.moves:
        row = state[step.name]
        _holds(step, row, by, rule)
        used[step.target] += size
        assert used[step.target] <= FULL * 1_000.0
        if step.source:
            used[step.source] -= size
        row[step.index] = step.target


def _holds(step: Move, row: list[str], by: dict[str, Place], rule: dict[str, object]) -> None:
    target = by[step.target]
    assert target.in_service
    assert not target.failing
    assert target.leaves is None
    assert target.country in {"FR", "DE"}
    assert target.hot is False
    assert step.target not in row
    assert row[step.index] == step.source
    others = [path for path in row if path and path != step.source]
    if rule["domain"] == "site" and (not step.source or by[step.source].site != target.site):
        assert sum(by[path].site == target.site for path in others) < int(str(rule["most"]))
    home = rule["home"]
    if home is None:
        return
    for law in ("US", "DE", "FR"):
        if not foreign(law, str(home)):
            continue
        assert step.by == "" or not _reached(by[step.by], law)
        before = sum(_reached(by[path], law) for path in row if path)
        meanwhile = sum(_reached(by[path], law) for path in others)
        meanwhile += any(_reached(by[p], law) for p in (step.target, step.source) if p)
        if meanwhile > before:
            live = len(others) + 1
            assert meanwhile < SCHEME.k
            assert live - meanwhile >= SCHEME.k


def _reached(place: Place, law: str) -> bool:
    return reached_by(law, place.reached or {place.country})
