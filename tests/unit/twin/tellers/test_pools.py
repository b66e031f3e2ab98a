"""Pools of disks."""

from pathlib import Path

from tests.build.playing import WINTER, by_key, network, play, player
from vigie.catalogue import Pool


def test_every_host_with_disks_has_a_pool_that_is_well() -> None:
    one = player(network())
    turn = play(one, WINTER, 0, 60)[-1]
    assert set(by_key(turn, Pool.host, Pool.status).values()) == {0.0}
    disks = by_key(turn, Pool.host, Pool.devices_count)
    assert sum(disks.values()) == one.model.build.disks


def test_a_pool_is_degraded_by_a_disk_that_says_it_fails_and_well_with_a_new_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "disk_failing"\nat = "5m"\nlasts = "3h"\n')
    turns = play(player(network(), scenario=str(file)), WINTER, 4 * 3_600, 300)
    failed = [sum(by_key(t, Pool.host, Pool.devices_failed_count).values()) for t in turns]
    assert failed[11] == 0.0, "for an hour SMART says that it is well"
    assert failed[14] == 1.0
    assert failed[-1] == 0.0
    said = [h.detail for t in turns for h in t.happenings if h.code == "pool_changed"]
    assert said == ["online → degraded", "degraded → online"]
