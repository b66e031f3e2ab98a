"""A played container obeys physics: what goes in comes out, whatever cools it or fails."""

from typing import Any, Final

import numpy as np
import pytest

from tests.build.playing import PATH, SUMMER, WINTER, by_key, cells, grown, network, play, player
from twin.cooling.fluids import WATER
from twin.player import ContainerPlayer
from twin.world import players
from vigie.catalogue import (
    Cooling,
    Environment,
    Fragments,
    Gpu,
    Grid,
    Heat,
    Host,
    Link,
    Power,
    Queue,
    Water,
)
from vigie.network.load import reference
from vigie.network.places import Cooling as Declared
from vigie.network.places import HeatHandover, Permit
from vigie.shape import Kind

KINDS: Final = ("free_air", "chiller", "dry_cooler", "river", "immersion", "rear_door")
ONE_PERCENT: Final = 0.01


def errors(one: ContainerPlayer, start: int, step: float, seconds: float = 86_400) -> list[float]:
    """How far electricity, heat, its ways out and water are from closing, by what was told."""
    first = one.step((start - 60) * 10**9, 60)
    model = one.model
    flows_before = dict(model.flows.heat), dict(model.flows.water)
    before = dict(model.supply.books.joules), flows_before[0], model.thermal.stored, flows_before[1]
    turns = [first, *play(one, start, seconds, step)]
    power = grown(turns, Power, Power.role, Power.energy_joules_total)
    heat = grown(turns, Heat, Heat.role, Heat.energy_joules_total)
    booked = {k: v - before[0][k] for k, v in model.supply.books.joules.items()}
    flows = {k: v - before[1][k] for k, v in model.flows.heat.items()}
    into = power["site"] + power.get("generator", 0.0) + power.get("solar", 0.0)
    unmetered = ("supply", "lighting", "auxiliary", "heat_pump", "battery")
    spent = power["it"] + power["cooling"] + sum(booked[k] for k in unmetered)
    warm = power["it"] + flows["inside"]
    removed = heat.get("removed", flows["removed"])
    away = heat.get("rejected", flows["rejected"]) + heat.get("reused", flows["reused"])
    told = [
        abs(into - spent) / into,
        abs(warm - removed - (model.thermal.stored - before[2])) / warm,
        abs(removed + flows["compressor"] - away) / away,
    ]
    if Water in turns[-1].rows:
        water = grown(turns, Water, Water.role, Water.volume_cubic_meters_total)
        drunk = {k: v - before[3].get(k, 0.0) for k, v in model.flows.water.items()} | water
        most = max(drunk["withdrawn"], 1e-3)
        told.append(abs(drunk["withdrawn"] - drunk["returned"] - drunk["consumed"]) / most)
    return told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [WINTER, SUMMER])
def test_electricity_heat_and_water_close(kind: str, start: int) -> None:
    assert max(errors(player(network(kind)), start, 300, 3_600)) < ONE_PERCENT


@pytest.mark.parametrize("scenario", ["blackout", "heatwave"])
def test_they_close_when_things_fail(scenario: str) -> None:
    roles = ("site", "generator", "ups", "it", "cooling")
    one = player(network("river", meters=roles), scenario=scenario)
    assert max(errors(one, SUMMER, 300, 2 * 3_600)) < ONE_PERCENT


def test_they_close_where_heat_is_handed_over() -> None:
    handed = HeatHandover(to="the swimming pool", capacity_watts=4e3)
    one = player(network("dry_cooler", heat=(handed,)))
    assert max(errors(one, WINTER, 300, 3_600)) < ONE_PERCENT
    assert one.model.flows.heat["reused"] > 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("scenario", "start"),
    [("", WINTER), ("", SUMMER), ("blackout", WINTER), ("river-low", SUMMER)],
)
def test_a_day_closes_at_every_site_of_the_reference_network(scenario: str, start: int) -> None:
    seen: set[str] = set()
    for each in players(reference(), scenario=scenario):
        site = each.path.partition("/")[0]
        if site in seen:
            continue  # the halls of a site are alike
        seen.add(site)
        assert isinstance(each, ContainerPlayer)
        assert max(errors(each, start, 600)) < ONE_PERCENT, each.path
    assert len(seen) == len(
        {c.site for c in reference().containers if reference().simulated(c.path)}
    )


def test_the_river_takes_what_its_water_says() -> None:
    """Another way to the same heat: volume, and warmth before and after."""
    one = player(network("river"))
    turns = play(one, WINTER, 600, 60)
    flow = by_key(turns[-1], Water.role, Water.flow_cubic_meters_per_second)
    warmth = by_key(turns[-1], Water.role, Water.temperature_celsius)
    heat = by_key(turns[-1], Heat.role, Heat.heat_watts)
    up = warmth["withdrawn"]
    carried = flow["withdrawn"] * (warmth["returned"] - up) * WATER.capacity(up)
    assert carried == pytest.approx(heat["rejected"], rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_machines_draw_what_the_meter_of_cooling_counts(kind: str) -> None:
    turn = play(player(network(kind)), SUMMER, 600, 60)[-1]
    parts = np.nansum(cells(turn, Cooling.power_watts))
    assert parts == pytest.approx(by_key(turn, Power.role, Power.power_watts)["cooling"], rel=0.01)


def test_the_same_seed_plays_the_same_and_another_does_not() -> None:
    def told(seed: int) -> list[Any]:
        turns = play(player(network(), seed=seed), WINTER, 120, 10)
        told = [cells(t, Gpu.power_watts).tolist() for t in turns if Gpu in t.rows]
        return [*told, turns[-1].time]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_the_length_of_steps_hardly_matters() -> None:
    def energy(step: float) -> float:
        turns = play(player(network("free_air")), WINTER, 3_600, step)
        return float(grown(turns, Power, Power.role, Power.energy_joules_total)["site"])

    assert energy(60) == pytest.approx(energy(15), rel=0.01)


def test_key_columns_are_the_same_objects_every_turn() -> None:
    turns = play(player(network("river")), WINTER, 1_800, 60)
    for kind in (Gpu, Host, Power, Water, Heat, Environment, Queue, Link, Cooling):
        told = [t.rows[kind] for t in turns if kind in t.rows]
        assert len(told) > 1
        for key in kind.keys:
            assert all(columns[key] is told[0][key] for columns in told), key.full_name


def test_columns_are_equally_long_and_what_was_told_does_not_change_later() -> None:
    one = player(network("river"), scenario="")
    first = one.step(WINTER * 10**9, 10)
    before = {f: np.array(c, copy=True) for c_ in first.rows.values() for f, c in c_.items()}
    play(one, WINTER + 10, 600, 10)
    for kind, columns in first.rows.items():
        assert len({len(c) for c in columns.values()}) == 1, kind.name
        for field, column in columns.items():
            np.testing.assert_array_equal(np.asarray(column), before[field])


def test_values_are_plausible_in_every_field() -> None:
    for kind in KINDS:
        for turn in play(player(network(kind)), SUMMER, 600, 60):
            for columns in turn.rows.values():
                for field, column in columns.items():
                    if field.kind not in {Kind.GAUGE, Kind.STATE}:
                        continue
                    known = np.asarray(column, float)
                    known = known[~np.isnan(known)]
                    low, high = field.low, field.high
                    assert low is None or (known >= low).all(), field.full_name
                    assert high is None or (known <= high).all(), field.full_name


def test_a_history_tells_no_gpu_no_host_and_no_event() -> None:
    turns = play(player(network(), scenario="demo"), WINTER, 7_200, 300, history=True)
    assert all(not {Gpu, Host} & set(t.rows) and not t.happenings for t in turns)
    assert all(Power in t.rows and Queue in t.rows for t in turns)


def test_each_measurement_comes_at_its_own_pace() -> None:
    turns = play(player(network()), WINTER, 1_800, 10)
    assert sum(Gpu in t.rows for t in turns) == 91
    assert sum(Cooling in t.rows for t in turns) == 61
    assert sum(Power in t.rows for t in turns) == 31
    assert sum(Grid in t.rows for t in turns) == 3


def test_containers_of_a_zone_are_told_the_same_of_their_grid() -> None:
    told = []
    for each in players(reference(), scopes=["cannes", "vendee"]):
        turn = each.step(WINTER * 10**9, 60)
        told.append(cells(turn, Grid.carbon_grams_per_joule).tolist())
    assert len(told) > 1
    assert all(t == told[0] for t in told)


def test_only_a_share_of_a_container_is_played_unless_in_full() -> None:
    few, many = (
        players(reference(), scopes=["campus/hall-01"], full=full)[0] for full in (False, True)
    )
    assert isinstance(few, ContainerPlayer)
    assert isinstance(many, ContainerPlayer)
    scale = reference().scale("campus/hall-01")
    assert few.model.build.gpus == round(many.model.build.gpus * scale) < many.model.build.gpus
    assert few.model.build.rated_watts == pytest.approx(
        many.model.build.rated_watts * scale, rel=0.1
    )


def test_a_permit_that_binds_says_so_and_slows_the_gpus() -> None:
    strict = Permit(
        id="p", authority="a", water="w", withdrawal_cubic_meters_per_second=1e-5,
        discharge_celsius=25.0,
    )  # fmt: skip
    free = play(player(network("river")), WINTER, 3_600, 60)
    bound = play(player(network("river", permits=(strict,))), WINTER, 3_600, 60)
    assert cells(bound[-1], Cooling.alarms)[0] > 0 == cells(free[-1], Cooling.alarms)[0]
    watts = [cells(t[-1], Gpu.power_watts).sum() for t in (free, bound)]
    assert watts[1] < 0.9 * watts[0]
    taken = by_key(bound[-1], Water.role, Water.flow_cubic_meters_per_second)
    assert taken["withdrawn"] < 1.1e-5


def test_nothing_is_told_where_nothing_has_power() -> None:
    one = player(network(meters=("site", "ups", "it", "cooling")), scenario="blackout")
    turns = play(one, WINTER, 3_600, 30)
    dark = [n for n, t in enumerate(turns) if not t.rows and n > 1]
    assert dark
    assert Power in turns[-1].rows
    assert np.nanmax(cells(turns[10], Power.on_battery)) == 1.0
    assert one.model.workload.told[0].lost > 0


def test_a_generator_carries_on_where_there_is_one() -> None:
    roles = ("site", "generator", "ups", "it", "cooling")
    turns = play(player(network(meters=roles), scenario="blackout"), WINTER, 1_800, 60)
    watts = by_key(turns[-1], Power.role, Power.power_watts)
    assert watts["site"] == 0.0
    assert watts["generator"] > watts["it"]


def test_declared_meters_are_played_and_no_other() -> None:
    turn = play(player(network(meters=("site", "pdu", "withdrawn"))), WINTER, 60, 60)[-1]
    assert list(cells(turn, Power.meter)) == ["site", "pdu"]
    assert list(cells(turn, Water.meter)) == ["withdrawn"]


def test_fragments_are_held_where_there_is_a_store() -> None:
    one = players(reference(), scopes=["adista"])[0]
    turn = one.step(WINTER * 10**9, 60)
    held = sum(len(h.indexes) for h in one.holdings())
    assert held > 0
    assert cells(turn, Fragments.fragments_count).sum() == held


def test_two_ways_of_cooling_share_the_heat() -> None:
    both = (Declared(kind="dry_cooler", share=0.7), Declared(kind="immersion", share=0.3))
    turn = play(player(network(cooling=both)), WINTER, 600, 60)[-1]
    assert len(set(cells(turn, Cooling.component))) == len(cells(turn, Cooling.component))
    assert {"immersion", "cdu"} <= set(cells(turn, Cooling.kind))


def test_its_path_is_that_of_the_container() -> None:
    assert player(network()).path == PATH
