"""What is played, how much past, and when each container has its turn."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Self

import pytest

from tests.build.players import Steady
from tests.build.upstream import Upstream
from twin import service
from twin.service import Twin, next_due, played
from twin.wire.enrolment import Registry
from vigie.errors import SettingsError
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Site
from vigie.settings import TwinSettings

SECOND = 10**9


def network(*, simulated: bool = True) -> Network:
    return Network(
        "n", (Operator("o", "O"),),
        (Site("north", "North", "o", simulated=simulated), Site("south", "South", "o")),
        (
            Container("a", "A", "north"), Container("b", "B", "north"),
            Container("a", "A", "south"),
            Container("b", "B", "south", simulated=simulated),
        ),
    )  # fmt: skip


def test_only_what_is_simulated_is_played_and_only_within_the_scopes() -> None:
    assert played(network(), ()) == ["north/a", "north/b", "south/b"]
    assert played(network(), ("south", "north/b")) == ["north/b", "south/b"]
    assert played(network(simulated=False), ()) == []


def test_each_has_its_own_place_in_the_period() -> None:
    period = 10 * SECOND
    for offset in (0, 3 * SECOND):
        due = next_due(1_000 * SECOND, period, offset)
        assert due == 1_000 * SECOND + (offset or period)
        assert next_due(due, period, offset) == due + period


def test_nothing_to_play_is_said(tmp_path: Path) -> None:
    twin = Twin(TwinSettings(data=tmp_path), network(simulated=False), lambda _: ())
    with pytest.raises(SettingsError, match="simulated = true"):
        twin.run()


def test_two_twins_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        service._alone(tmp_path),
        pytest.raises(SettingsError, match="another twin"),
        service._alone(tmp_path),
    ):
        pass


class Stage:
    """A twin in a thread, its containers enrolled already."""

    def __init__(self, data: Path, upstream: Upstream, *, history: float = 0.0) -> None:
        for path in ("north/a", "north/b", "south/b"):
            folder = data / "twin" / path
            folder.mkdir(parents=True, exist_ok=True)
            text = f'{{"url": "{upstream.url}", "token": "t", "container": "{path}"}}'
            (folder / "credential").write_text(text)
        self.players = [Steady("north/a"), Steady("north/b"), Steady("south/b")]
        settings = TwinSettings(data=data, upstream=upstream.url, period=0.05, history=history)
        self.keys: list[bytes] = []
        self.twin = Twin(settings, network(), self.cast)
        self.thread = threading.Thread(target=self.twin.run)

    def cast(self, key: bytes) -> list[Steady]:
        self.keys.append(key)
        return self.players

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.twin.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setattr(Registry, "key", lambda *_: b"k" * 32)
    with Upstream() as running:
        yield running


def frames_of(upstream: Upstream, path: str) -> int:
    return len({f.sequence for f in upstream.frames if f.container == path})


def test_every_container_is_played_period_after_period(tmp_path: Path, upstream: Upstream) -> None:
    with Stage(tmp_path, upstream) as stage:
        paths = [p.path for p in stage.players]
        assert upstream.wait(lambda u: all(frames_of(u, p) >= 4 for p in paths))
    assert stage.keys == [b"k" * 32]
    for player in stage.players:
        assert not any(history for _, _, history in player.steps)
        assert sum(s for _, s, _ in player.steps) < 10


def test_one_that_cannot_be_played_costs_the_others_nothing(
    tmp_path: Path, upstream: Upstream
) -> None:
    stage = Stage(tmp_path, upstream)
    stage.players[0].breaks = 3
    with stage:
        assert upstream.wait(lambda u: frames_of(u, "north/a") >= 1)
        assert upstream.wait(lambda u: frames_of(u, "north/b") >= 3)


def test_the_past_is_played_before_the_present_without_a_hole(
    tmp_path: Path, upstream: Upstream
) -> None:
    hours = 4
    with Stage(tmp_path, upstream, history=hours * 3_600.0) as stage:
        paths = [p.path for p in stage.players]
        assert upstream.wait(lambda u: all(frames_of(u, p) >= hours / 2 + 1 for p in paths))
    now = time.time_ns()
    for player in stage.players:
        past = [at for at, _, history in player.steps if history]
        assert past[0] == pytest.approx(now - hours * 3_600 * SECOND, abs=200 * SECOND)
        assert {b - a for a, b in pairwise(past)} == {170 * SECOND}
        first = next(i for i, (_, _, history) in enumerate(player.steps) if not history)
        at, seconds, _ = player.steps[first]
        assert at - past[-1] == pytest.approx(seconds * SECOND, abs=SECOND)
        assert player.joules == pytest.approx(1_000 * sum(s for _, s, _ in player.steps))


def test_a_past_that_was_told_is_not_told_again(tmp_path: Path, upstream: Upstream) -> None:
    with Stage(tmp_path, upstream, history=3_600.0) as first:
        assert upstream.wait(lambda u: frames_of(u, "south/b") >= 3)
    assert any(history for _, _, history in first.players[0].steps)
    with Stage(tmp_path, upstream, history=3_600.0) as again:
        before = len(upstream.frames)
        assert upstream.wait(lambda u: len(u.frames) > before + 6)
    assert not any(history for _, _, history in again.players[0].steps)
