"""Disks: judged as the agent judges real ones."""

from pathlib import Path

import numpy as np

from tests.build.playing import WINTER, by_key, cells, network, play, player
from vigie.catalogue import Disk


def test_most_disks_are_well_and_a_few_have_begun_to_age() -> None:
    turn = play(player(network(gpus=None)), WINTER, 0, 60)[0]
    health = cells(turn, Disk.health_ratio)
    assert len(health) == 23
    assert health.mean() > 0.9
    assert len(set(cells(turn, Disk.disk))) == 23
    assert cells(turn, Disk.smart_passed).all()


def test_a_failing_disk_is_told_once_and_says_so_itself_later(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "disk_failing"\nat = "5m"\nlasts = "3h"\n')
    turns = play(player(network(), scenario=str(file)), WINTER, 4 * 3_600, 60)
    told = [h for t in turns for h in t.happenings if h.code == "disk_risk"]
    assert 1 <= len(told) <= 4
    name = told[0].keys["disk"]
    telling = [t for t in turns if Disk in t.rows]
    health = [by_key(t, Disk.disk, Disk.health_ratio)[name] for t in telling]
    grown = [by_key(t, Disk.disk, Disk.reallocated_sectors)[name] for t in telling]
    passed = [by_key(t, Disk.disk, Disk.smart_passed)[name] for t in telling]
    assert health[0] == 1.0 > min(health)
    assert grown[0] == 0 < grown[3] < grown[10]
    assert passed[3] == 1.0
    assert min(passed) == 0.0
    assert (health[-1], grown[-1]) == (1.0, 0.0)  # there is a new one


def test_what_a_disk_has_done_in_its_life_only_grows() -> None:
    turns = [t for t in play(player(network()), WINTER, 7_200, 600) if Disk in t.rows]
    for field in (Disk.power_on_seconds_total, Disk.read_bytes_total):
        values = np.array([cells(t, field) for t in turns])
        assert (np.diff(values, axis=0) >= 0).all()
