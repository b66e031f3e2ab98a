"""What meters, machines and sensors say, and what happens to it when things fail."""

from pathlib import Path

import numpy as np

from tests.build.playing import SUMMER, WINTER, by_key, cells, network, play, player
from twin.player import moments
from vigie.catalogue import COOLING_KINDS, Cooling, Environment, Heat, Power, Queue
from vigie.network.places import HeatHandover


def test_a_meter_fills_only_what_such_a_meter_has() -> None:
    turn = play(player(network()), WINTER, 60, 60)[-1]
    at = list(cells(turn, Power.role))
    volts, charge = cells(turn, Power.voltage_volts), cells(turn, Power.battery_charge_ratio)
    assert not np.isnan(volts[at.index("site")])
    assert np.isnan(volts[at.index("it")])
    assert charge[at.index("ups")] == 1.0
    assert np.isnan(charge[at.index("site")])


def test_a_silent_meter_has_no_row_until_it_speaks(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    text = '[[faults]]\nwhat = "meter_silent"\nat = "2m"\nlasts = "3m"\nname = "it"\n'
    file.write_text(text)
    turns = play(player(network(), scenario=str(file)), WINTER, 600, 60)
    names = [tuple(cells(t, Power.meter)) for t in turns]
    assert names[0] == names[-1] == ("main", "ups", "it", "cooling")
    assert ("main", "ups", "cooling") in names


def test_heat_is_handed_over_only_where_it_operates_and_most_in_winter() -> None:
    handed = HeatHandover(to="pool", capacity_watts=4e3)
    cold, warm = (
        by_key(
            play(player(network(heat=(handed,))), start, 600, 60)[-1], Heat.role, Heat.heat_watts
        )
        for start in (WINTER, SUMMER)
    )
    assert cold["reused"] > 2 * warm["reused"] > 0
    assert cold["removed"] > cold["reused"] + cold["rejected"] - 1e3
    alone = play(player(network()), WINTER, 600, 60)[-1]
    assert set(cells(alone, Heat.role)) == {"removed", "rejected"}


def test_the_river_is_watched_above_and_below() -> None:
    turn = play(player(network("river")), WINTER, 600, 30)[-1]
    warmth = by_key(turn, Environment.place, Environment.temperature_celsius)
    assert warmth["downstream"] > warmth["upstream"] - 1e-3
    flow = by_key(turn, Environment.place, Environment.flow_cubic_meters_per_second)
    assert flow["upstream"] > 0
    assert np.isnan(flow["room"])


def test_weak_cooling_makes_it_warm_and_slows_the_gpus(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "cooling_weak"\nat = "5m"\nvalue = 0.35\n')
    one = player(network(), scenario=str(file))
    turns = play(one, WINTER, 3_600, 60)
    told = [by_key(t, Environment.place, Environment.temperature_celsius) for t in turns]
    assert told[-1]["inlet"] >= told[2]["inlet"]
    assert one.model.cap < 1.0


def test_tenants_that_may_use_the_site_have_a_row_each() -> None:
    turn = play(player(network()), WINTER, 60, 60)[-1]
    assert cells(turn, Queue.tenant) == ["none"]
    assert cells(turn, Queue.running_count)[0] > 0


def test_components_have_kinds_of_the_catalogue() -> None:
    for kind in ("free_air", "chiller", "dry_cooler", "river", "immersion", "rear_door"):
        turn = play(player(network(kind)), WINTER, 60, 30)[-1]
        assert set(cells(turn, Cooling.kind)) <= set(COOLING_KINDS)


def test_steps_end_on_whole_minutes() -> None:
    assert moments(30.0, 200.0, 60.0) == [60.0, 120.0, 180.0, 200.0]
    assert moments(60.0, 120.0, 60.0) == [120.0]
    assert moments(61.0, 62.0, 60.0) == [62.0]
    assert moments(5.0, 5.0, 60.0) == []


def test_a_wrong_clock_is_wrong_by_so_much(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "clock_off"\nat = "1m"\nlasts = "1m"\nvalue = -90\n')
    one = player(network(), scenario=str(file))
    offs = []
    for n in range(4):
        now = (WINTER + n * 60) * 10**9
        offs.append((one.step(now, 60).time - now) / 1e9)
    assert sum(abs(o + 90) < 1 for o in offs) == 1
    assert sum(abs(o) < 0.1 for o in offs) == 3
    assert len(set(offs)) == 4


def test_the_equipment_is_listed_once() -> None:
    turns = play(player(network()), WINTER, 60, 10)
    rows = turns[0].devices
    assert rows is not None
    kinds = [r["kind"] for r in rows]
    assert (kinds.count("gpu"), kinds.count("machine"), kinds.count("disk")) == (16, 2, 23)
    assert len({r["device"] for r in rows}) == len(rows)
    assert all(t.devices is None for t in turns[1:])


def test_even_a_first_step_of_no_length_tells_no_zero_for_unknown() -> None:
    turn = player(network()).step(WINTER * 10**9, 0.0)
    assert (cells(turn, Power.power_watts) > 0).all()
    assert (cells(turn, Heat.heat_watts) > 0).all()
