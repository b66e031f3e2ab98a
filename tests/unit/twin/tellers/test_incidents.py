"""GPUs and hosts that fail and come back."""

from pathlib import Path

import numpy as np
import pytest

from tests.build.playing import WINTER, cells, network, play, player, telling
from twin.player import ContainerPlayer
from twin.tellers.incidents import HARDWARE_RATE
from vigie.catalogue import Gpu, GpuXid, Host


def faulty(tmp_path: Path, text: str) -> ContainerPlayer:
    file = tmp_path / "s.toml"
    file.write_text(text)
    return player(network(), scenario=str(file))


def test_a_lost_gpu_is_told_and_comes_back(tmp_path: Path) -> None:
    one = faulty(tmp_path, '[[faults]]\nwhat = "gpu_lost"\nat = "1m"\nlasts = "5m"\n')
    turns = play(one, WINTER, 600, 10)
    answers = [int(cells(t, Gpu.up).sum()) for t in telling(turns, Gpu)]
    assert answers[0] == answers[-1] == 16
    assert min(answers) == 15
    told = [h for t in turns for h in t.happenings if h.code in {"gpu_lost", "gpu_back"}]
    assert [h.code for h in told] == ["gpu_lost", "gpu_back"]
    assert told[1].time - told[0].time == pytest.approx(300e6, abs=20e6)
    assert told[0].keys["gpu"] in cells(turns[0], Gpu.gpu)


def test_an_xid_of_the_hardware_counts_and_asks_for_a_reset(tmp_path: Path) -> None:
    one = faulty(tmp_path, '[[faults]]\nwhat = "gpu_xid"\nat = "1m"\nvalue = 48\ncount = 2\n')
    turns = play(one, WINTER, 120, 10)
    assert GpuXid not in turns[0].rows
    assert cells(turns[-1], GpuXid.errors_total).tolist() == [1, 1]
    assert cells(turns[-1], GpuXid.xid) == ["48", "48"]
    assert cells(turns[-1], Gpu.xid_total).sum() == 2
    assert cells(turns[-1], Gpu.recovery_action).max() == 1
    codes = [h.code for t in turns for h in t.happenings]
    assert codes == ["gpu_xid_hardware"] * 2


def test_one_of_a_program_only_costs_its_job(tmp_path: Path) -> None:
    one = faulty(tmp_path, '[[faults]]\nwhat = "gpu_xid"\nat = "1m"\nvalue = 31\ncount = 16\n')
    turns = play(one, WINTER, 120, 10)
    assert {h.code for t in turns for h in t.happenings} == {"gpu_xid"}
    assert cells(turns[-1], Gpu.recovery_action).max() == 0
    assert sum(t.lost for t in one.model.workload.told) > 0


def test_a_host_that_is_down_takes_its_rows_with_it(tmp_path: Path) -> None:
    one = faulty(tmp_path, '[[faults]]\nwhat = "host_down"\nat = "1m"\nlasts = "3m"\n')
    turns = play(one, WINTER, 600, 10)
    hosts = [len(cells(t, Host.host)) for t in turns]
    gpus = [len(cells(t, Gpu.gpu)) for t in telling(turns, Gpu)]
    assert (hosts[0], min(hosts), hosts[-1]) == (hosts[0], hosts[0] - 1, hosts[0])
    assert (gpus[0], min(gpus), gpus[-1]) == (16, 8, 16)
    gone = set(cells(turns[0], Host.host)) - set(cells(turns[12], Host.host))
    assert not gone & set(cells(turns[12], Gpu.host))


def test_a_large_fleet_fails_as_often_as_one_did() -> None:
    one = player(network(gpus=16_000))
    for day in range(10):
        for hour in range(0, 24, 2):
            now = WINTER + day * 86_400.0 + hour * 3_600.0
            one.incidents.step(now, now + 7_200.0)
    hardware = sum(n for (_, code), n in one.incidents.counts.items() if code > 45)
    assert hardware == pytest.approx(HARDWARE_RATE * 16_000 * 864_000, rel=0.4)
    assert np.isfinite(hardware)
