from dataclasses import replace

from tests.build.playing import PATH, WINTER, cells, network, play, player
from twin.player import ContainerPlayer
from twin.turn import Turn
from vigie.catalogue import Source


def told(turn: Turn) -> list[tuple[str, str, float]]:
    columns = [cells(turn, f) for f in (Source.host, Source.source, Source.status)]
    return [(host, source, float(status)) for host, source, status in zip(*columns, strict=True)]


def played(*sources: str) -> ContainerPlayer:
    found = network(gpus=8)
    return player(
        replace(found, containers=(replace(found.containers[0], sources=sources),)), scopes=[PATH]
    )  # fmt: skip


def test_the_agent_of_every_host_says_that_it_is_there() -> None:
    one = played()
    (turn,) = play(one, WINTER, 0, 10)
    agents = [row for row in told(turn) if row[1] == "agent"]
    assert agents == [(host, "agent", 0.0) for host in dict.fromkeys(cells(turn, Source.host))]
    assert len(agents) == one.model.build.hosts


def test_the_sources_that_the_network_names_are_read() -> None:
    (turn,) = play(played("gpu_nvml"), WINTER, 0, 10)
    assert {source for _, source, _ in told(turn)} == {"agent", "gpu_nvml"}


def test_a_host_that_is_down_says_nothing() -> None:
    one = played()
    one.incidents._down[0] = WINTER + 3600.0
    (turn,) = play(one, WINTER, 0, 10)
    assert "n0001" not in {host for host, _, _ in told(turn)}


def test_a_past_tells_nothing_of_agents() -> None:
    assert all(Source not in t.rows for t in play(played(), WINTER, 600, 300, history=True))
