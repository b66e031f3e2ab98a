"""Every rail by itself: a case that passes all of them, and one thing wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from collector.actions.asked import Asked, Mode
from collector.actions.bounds import Bounds
from collector.actions.facts import Done, Facts, Known
from collector.actions.guard import RAILS, judge

NOW = 1_000_000.0
HOUR = 3_600.0
MOVE = "fragments.move"
PATHS = [f"s{site}/c{number}" for site in (1, 2, 3) for number in range(1, 5)]


def asked(**given: Any) -> Asked:
    own: dict[str, Any] = {
        "id": "a1", "kind": "fragments.move", "site": "s1", "plan": "p1", "subjects": ("o1",),
        "sources": ("s1/c1",), "targets": ("s2/c1",), "size": 1e9, "made": NOW - 60,
        "expires": NOW + 600, "inputs": NOW - 30, "simulated": False, "executor": "tahoe",
        "executor_simulated": False, "margin": 1, "approvals": ("anne",),
    }  # fmt: skip
    return Asked(**{**own, **given})


def facts(**given: Any) -> Facts:
    own: dict[str, Any] = {
        "containers": {p: Known(p.split("/")[0], p.split("/")[0], NOW - 10) for p in PATHS},
        "whole": NOW - 2 * HOUR, "modes": {("fragments.move", ""): Mode.ACT,
                                           ("fragments.repair", ""): Mode.ACT},
        "agreed": dict.fromkeys(PATHS, 2),
    }  # fmt: skip
    return Facts(NOW, **{**own, **given})


def done(**given: Any) -> Done:
    own: dict[str, Any] = {
        "id": "a0", "plan": "p0", "kind": "fragments.move", "began": NOW - 2 * HOUR,
        "ended": NOW - 1.5 * HOUR, "subjects": ("o0",), "sources": ("s3/c1",),
        "targets": ("s3/c2",), "size": 1e9, "good": True,
    }  # fmt: skip
    return Done(**{**own, **given})


def rails(asking: Asked, knowing: Facts, bounds: Bounds | None = None) -> set[str]:
    return {refusal.rail for refusal in judge(asking, knowing, bounds or Bounds())}


def known(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Known]:
    sound = facts().containers
    return {path: replace(one, **changes.get(path, {})) for path, one in sound.items()}


def test_what_is_fresh_agreed_approved_and_small_may_be_done() -> None:
    assert judge(asked(), facts(), Bounds()) == ()


@pytest.mark.parametrize(
    ("given", "rail"),
    [
        ({"subjects": ()}, "selection"),
        ({"targets": ("s9/c1",)}, "selection"),
        ({"simulated": True}, "nature"),
        ({"executor_simulated": True}, "nature"),
        ({"kind": "jobs.migrate"}, "mode"),
        ({"expires": NOW}, "expiry"),
        ({"approvals": ()}, "approval"),
        ({"inputs": NOW - 61}, "freshness"),
    ],
)
def test_an_action_is_refused_for(given: Mapping[str, Any], rail: str) -> None:
    assert rail in rails(asked(**given), facts())


@pytest.mark.parametrize(
    ("given", "rail"),
    [
        ({"stopped": (NOW - 5, "anne")}, "switch"),
        ({"confirmed": False}, "switch"),
        ({"modes": {("fragments.move", "s1"): Mode.ACT}}, "mode"),
        ({"modes": {(MOVE, ""): Mode.ACT, (MOVE, "s2"): Mode.PROPOSE}}, "mode"),
        ({"whole": NOW - 599}, "blind"),
        ({"whole": None}, "blind"),
        ({"containers": known({p: {"told": NOW - 61} for p in PATHS[4:6]})}, "blind"),
        ({"containers": known({"s1/c1": {"told": NOW - 61}})}, "freshness"),
        ({"containers": known({"s2/c1": {"told": None}})}, "freshness"),
        ({"agreed": {"s1/c1": 1}}, "agreement"),
        ({"containers": known({"s2/c1": {"sound": False}})}, "sound"),
        ({"containers": known({"s1/c1": {"changed": (NOW - 9, NOW - 7, NOW - 5)}})}, None),
        ({"containers": known({"s1/c1": {"changed": tuple(NOW - n for n in range(4))}})}, "flap"),
    ],
)  # fmt: skip
def test_an_action_is_refused_while(given: Mapping[str, Any], rail: str | None) -> None:
    found = rails(asked(), facts(**given))
    assert rail in found if rail else not found


@pytest.mark.parametrize(
    ("past", "rail"),
    [
        (done(ended=None, sources=("s1/c1",)), "running"),
        (done(ended=None, sources=("s3/c1",)), "domain"),
        (done(ended=NOW - HOUR + 1, sources=("s1/c1",), size=20e12), "volume"),
        (done(ended=NOW - HOUR + 1, targets=("s2/c1",)), "cool"),
        (done(plan="p1", ended=NOW - 1, sources=("s2/c1",), subjects=("o1",)), "back"),
    ],
)
def test_an_action_is_refused_after(past: Done, rail: str) -> None:
    assert rail in rails(asked(), facts(done=(past,)))


def test_steps_of_one_plan_need_no_rest_between_them() -> None:
    past = done(plan="p1", ended=NOW - 1, sources=("s1/c1",), targets=("s2/c1",))
    assert rails(asked(), facts(done=(past,))) == set()


def test_after_three_steps_that_failed_the_plan_is_over() -> None:
    failed = [done(id=f"a{n}", plan="p1", good=False) for n in range(3)]
    assert rails(asked(), facts(done=tuple(failed[:2]))) == set()
    assert rails(asked(), facts(done=tuple(failed))) == {"tries"}


def test_what_was_moved_three_times_today_is_for_a_person() -> None:
    moved = tuple(done(id=f"a{n}", subjects=("o1",)) for n in range(3))
    assert rails(asked(), facts(done=moved)) == {"tries"}


def test_what_is_large_needs_two_different_people() -> None:
    small = Bounds(two_persons_bytes=1e6)
    assert rails(asked(approvals=("anne", "anne")), facts(), small) == {"approval"}
    assert rails(asked(approvals=("anne", "omar")), facts(), small) == set()


def test_what_has_no_margin_is_repaired_without_asking_only_where_that_was_agreed() -> None:
    bare = asked(kind="fragments.repair", margin=0, approvals=())
    assert rails(bare, facts()) == {"approval"}
    assert rails(bare, facts(preapproved=frozenset({"s1"}))) == {"approval"}
    assert rails(bare, facts(preapproved=frozenset({"s1", "s2"}))) == set()
    thin = replace(bare, margin=1)
    assert rails(thin, facts(preapproved=frozenset({"s1", "s2"}))) == {"approval"}


def test_when_much_changes_at_once_all_stands_still_and_says_since_when_and_until() -> None:
    changed = known({p: {"changed": (NOW - 200 + n,)} for n, p in enumerate(PATHS[8:11])})
    refusals = judge(asked(), facts(containers=changed), Bounds())
    assert [(r.rail, r.since, r.until) for r in refusals] == [("freeze", NOW - 200, NOW + 102)]
    later = replace(facts(containers=changed), now=NOW + 103)
    assert "freeze" not in rails(asked(), later)


def test_a_rail_that_cannot_judge_refuses_by_raising() -> None:
    class Broken(dict[str, int]):
        def get(self, *_: object) -> int:
            raise RuntimeError("no signals")

    with pytest.raises(RuntimeError, match="no signals"):
        judge(asked(), facts(agreed=Broken()), Bounds())


def test_every_rail_says_what_releases_it() -> None:
    worst = facts(stopped=(NOW, "anne"), confirmed=False, whole=None, agreed={}, modes={},
                  containers=known({p: {"told": None, "sound": False} for p in PATHS}))  # fmt: skip
    refusals = judge(asked(subjects=(), expires=0.0, approvals=(), simulated=True), worst, Bounds())
    assert len({r.rail for r in refusals}) >= len(RAILS) // 2
    assert all(r.why and r.release for r in refusals)
