"""Lines out of a container."""

from pathlib import Path

import numpy as np

from tests.build.playing import WINTER, by_key, cells, network, player
from twin.world import players
from vigie.catalogue import Link
from vigie.network.load import reference


def test_lines_lead_to_the_internet_and_to_who_stores_the_same() -> None:
    turn = players(reference(), scopes=["sdv"])[0].step(WINTER * 10**9, 60)
    peers = cells(turn, Link.peer)
    assert peers[0] == "FR"
    sites = {s.id for s in reference().sites}
    assert len(peers) > 2
    assert set(peers[1:]) <= sites - {"sdv"}


def test_a_line_that_is_down_carries_nothing_and_the_model_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nwhat = "link_down"\nat = "5m"\nlasts = "5m"\n')
    one = player(network(), scenario=str(file))
    told, up = [], []
    for n in range(16):
        turn = one.step((WINTER + n * 60) * 10**9, 60)
        told.append(by_key(turn, Link.link, Link.receive_bytes_total)["wan"])
        up.append(one.connected)
        assert bool(cells(turn, Link.up)[0]) is one.connected
    assert up.count(False) == 5
    grew = np.diff(told) > 0
    assert grew.tolist() == up[1:]
