"""Who goes first, where to, and who stays and why."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.plans.grid import Carbon
from collector.plans.migrate.job import Job
from collector.plans.migrate.plan import Migrate, Motive, migrate
from collector.plans.migrate.room import Room
from collector.plans.why import Why
from vigie.network.reach import within
from vigie.units import JOULES_PER_KWH

NOW = 1_000_000.0


def room(path: str, grams: float = 44.0, **given: Any) -> Room:
    own: dict[str, Any] = {
        "country": "FR", "model": "H100", "gpus": 16, "free": 8, "headroom_watts": 50_000.0,
        "pue": 1.1, "carbon": Carbon(path[:2], grams / JOULES_PER_KWH, 0.0, NOW), "told": NOW,
    }  # fmt: skip
    return Room(path, path.partition("/")[0], **{**own, **given})


def job(name: str, place: str, **given: Any) -> Job:
    own: dict[str, Any] = {
        "gpus": 4, "model": "H100", "watts": 5_000.0, "within": ("EU",), "checkpoints": True,
        "undone": 60.0,
    }  # fmt: skip
    return Job(name, "t", place, **{**own, **given})


def moves(found: Migrate) -> list[tuple[str, str, str]]:
    return [(m.motive.value, m.job, m.target) for m in found.moves]


def test_what_runs_well_stays() -> None:
    found = migrate([room("fr1/c"), room("fr2/c")], [job("j", "fr1/c")], NOW)
    assert found == Migrate((), ())


def test_what_fails_is_left_at_once_even_by_what_cannot_checkpoint() -> None:
    rooms = [room("fr1/c", failing=True), room("fr2/c")]
    found = migrate(rooms, [job("j", "fr1/c", checkpoints=False, undone=None)], NOW)
    assert moves(found) == [("evacuate", "j", "fr2/c")]


def test_before_a_declared_maintenance_jobs_leave() -> None:
    found = migrate([room("fr1/c", leaves=NOW + 600), room("fr2/c")], [job("j", "fr1/c")], NOW)
    assert moves(found) == [("evacuate", "j", "fr2/c")]


def test_a_hot_container_gives_no_more_than_cools_it() -> None:
    rooms = [room("fr1/c", hot=True, headroom_watts=-7_000.0), room("fr2/c")]
    found = migrate(rooms, [job(f"j{n}", "fr1/c", gpus=1) for n in range(4)], NOW)
    assert [m[:2] for m in moves(found)] == [("cool", "j0"), ("cool", "j1")]


def test_a_job_whose_policy_forbids_the_only_free_container_stays_and_the_plan_says_why() -> None:
    rooms = [room("fr1/c", failing=True), room("us1/c", country="US"), room("fr3/c", free=2)]
    found = migrate(rooms, [job("j", "fr1/c")], NOW)
    assert found.moves == ()
    stays = found.stays[0]
    assert (stays.motive, stays.job) == (Motive.EVACUATE, "j")
    assert {(r.why, r.path) for r in stays.refused} == {(Why.OUTSIDE, "us1/c"),
                                                        (Why.TOO_FEW_GPUS, "fr3/c")}  # fmt: skip


def test_a_tenant_of_whom_no_policy_speaks_goes_nowhere() -> None:
    found = migrate([room("fr1/c", failing=True), room("fr2/c")],
                    [job("j", "fr1/c", within=None)], NOW)  # fmt: skip
    assert found.stays[0].refused[0].why is Why.NO_POLICY


def test_the_target_keeps_headroom_after_the_move() -> None:
    rooms = [room("fr1/c", failing=True), room("fr2/c", headroom_watts=9_000.0)]
    found = migrate(rooms, [job("a", "fr1/c"), job("b", "fr1/c")], NOW)
    assert moves(found) == [("evacuate", "a", "fr2/c")]
    assert found.stays[0].refused[0].why is Why.NO_HEADROOM


def test_a_container_that_is_nearly_empty_rests_if_others_take_all_of_it() -> None:
    rooms = [room("fr1/c", free=12, idle_watts=8_000.0), room("fr2/c", free=6)]
    jobs = [job("a", "fr1/c", gpus=2), job("b", "fr1/c", gpus=2)]
    assert moves(migrate(rooms, jobs, NOW)) == [("consolidate", "a", "fr2/c"),
                                                ("consolidate", "b", "fr2/c")]  # fmt: skip
    stuck = [jobs[0], replace(jobs[1], checkpoints=False)]
    assert migrate(rooms, stuck, NOW).moves == (), "one that stays keeps it awake"
    dear = [replace(j, undone=7_200.0) for j in jobs]
    assert migrate(rooms, dear, NOW).moves == (), "more would be lost than saved"


def test_a_job_goes_where_carbon_is_low_and_not_twice_a_day() -> None:
    rooms = [room("de1/c", 344.0, country="DE"), room("fr1/c"), room("es1/c", 150.0, country="ES")]
    found = migrate(rooms, [job("j", "de1/c")], NOW)
    assert moves(found) == [("carbon", "j", "fr1/c")]
    assert (found.moves[0].gain.grams or 0.0) > 0
    assert migrate(rooms, [job("j", "de1/c", restarts=2)], NOW).moves == ()


def test_between_two_places_of_one_grid_nothing_moves_for_carbon() -> None:
    same = Carbon("FR", 44 / JOULES_PER_KWH, 0.0, NOW)
    rooms = [room("fr1/c", carbon=same), room("fr2/c", carbon=same)]
    assert migrate(rooms, [job("j", "fr1/c")], NOW).moves == ()


def test_a_simulated_job_never_meets_a_real_container() -> None:
    rooms = [room("fr1/c", failing=True, simulated=True), room("fr2/c")]
    found = migrate(rooms, [job("j", "fr1/c", simulated=True)], NOW)
    assert found.stays[0].refused[0].why is Why.OTHER_NATURE


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Room], list[Job]]:
    rooms = [
        room(
            f"s{number}/c", draw(st.sampled_from([0.0, 44.0, 344.0, 600.0])),
            country=draw(st.sampled_from(["FR", "DE", "US"])),
            model=draw(st.sampled_from(["H100", "H100", "A100"])),
            free=draw(st.integers(0, 16)), failing=draw(st.integers(0, 4)) == 0,
            headroom_watts=draw(st.sampled_from([None, -5_000.0, 3_000.0, 20_000.0])),
            hot=draw(st.sampled_from([False, False, True, None])),
            idle_watts=draw(st.sampled_from([0.0, 9_000.0])),
            pue=draw(st.sampled_from([None, 1.05, 1.4])),
        )
        for number in range(draw(st.integers(2, 8)))
    ]  # fmt: skip
    jobs = [
        job(
            f"j{number}", draw(st.sampled_from(rooms)).path, gpus=draw(st.integers(1, 8)),
            watts=draw(st.sampled_from([None, 1_000.0, 6_000.0])),
            within=draw(st.sampled_from([None, (), ("EU",), ("FR",)])),
            checkpoints=draw(st.booleans()), restarts=draw(st.integers(0, 3)),
        )
        for number in range(draw(st.integers(0, 12)))
    ]  # fmt: skip
    return rooms, jobs


@settings(deadline=None, max_examples=150)
@given(networks())
def test_no_plan_breaks_what_must_hold(network: tuple[list[Room], list[Job]]) -> None:
    rooms, jobs = network
    found = migrate(rooms, jobs, NOW)
    assert migrate(list(reversed(rooms)), list(reversed(jobs)), NOW) == found
    assert len({m.job for m in found.moves}) == len(found.moves)
    assert not {m.job for m in found.moves} & {s.job for s in found.stays}
    of_room, of_job = {r.path: r for r in rooms}, {j.id: j for j in jobs}
    free = {r.path: r.free for r in rooms}
    watts = {r.path: r.headroom_watts or 0.0 for r in rooms}
    for move in found.moves:
        target, moved = of_room[move.target], of_job[move.job]
        assert moved.within is not None
        assert not moved.within or within(moved.within, target.country)
        assert target.model == moved.model
        assert target.hot is False
        assert not target.failing
        assert target.headroom_watts is not None
        free[move.target] -= moved.gpus
        watts[move.target] -= moved.watts or 0.0
        free[move.source] += moved.gpus
        watts[move.source] += moved.watts or 0.0
        assert free[move.target] >= 0
        assert watts[move.target] >= 0
        if move.motive is Motive.CARBON:
            assert move.gain.sure
            assert moved.restarts < 2
        if move.motive is not Motive.EVACUATE:
            assert moved.checkpoints
