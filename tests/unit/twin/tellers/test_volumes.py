"""The system disks of hosts."""

from pathlib import Path

import numpy as np
import pytest

from tests.build.playing import WINTER, cells, network, play, player
from vigie.catalogue import Filesystem, Host


def test_every_host_has_one_with_room() -> None:
    turn = play(player(network()), WINTER, 0, 60)[-1]
    assert list(cells(turn, Filesystem.host)) == list(cells(turn, Host.host))
    left = cells(turn, Filesystem.available_bytes) / cells(turn, Filesystem.size_bytes)
    assert (left > 0.3).all()


def test_it_fills_by_so_much_an_hour_while_the_fault_lasts(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    text = '[[faults]]\nwhat = "volume_fills"\nat = "10m"\nlasts = "1h"\nvalue = 0.3\n'
    file.write_text(text)
    turns = play(player(network(), scenario=str(file)), WINTER, 4_800, 600)
    free = np.array([cells(t, Filesystem.available_bytes) for t in turns])
    gone = (free[0] - free).max(axis=1) / cells(turns[0], Filesystem.size_bytes)[0]
    assert gone[3] == pytest.approx(0.15, abs=0.01)
    assert gone[-1] == 0.0
