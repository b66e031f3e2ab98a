"""The whole agent in one process: sources, spool, a real upstream, and the end."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from agent.identity import host_name
from agent.service import Agent, periods
from agent.source import Found
from agent.sources import sources
from tests.build.given import Given
from tests.build.hanging import Telling
from tests.build.upstream import Reply, Request, Upstream
from vigie.errors import Refused, SettingsError
from vigie.settings import AgentSettings
from vigie.settings import Upstream as To

SECRET = {
    "principal": "p", "credential": "c", "token": "t", "expires": None, "container": "lyon/c1/h1",
}  # fmt: skip


class Source(Given):
    """A source that reads at once, or hangs on a pipe."""

    def __init__(self, name: str, pipe: Path | None = None) -> None:
        super().__init__(name)
        self.pipe = pipe

    def read(self, now: int) -> Found:
        if self.pipe:
            self.pipe.read_bytes()
        return super().read(now)


def told(tmp_path: Path, *upstreams: Upstream) -> AgentSettings:
    return AgentSettings(
        data=tmp_path, container="lyon/c1", host="h1", metrics_listen="127.0.0.1:0",
        upstreams=tuple(To(u.url, tmp_path / f"credential{n}") for n, u in enumerate(upstreams)),
        periods={"a": 0.05, "source": 0.05},
    )  # fmt: skip


def enrol(settings: AgentSettings) -> None:
    for upstream in settings.upstreams:
        assert upstream.credential
        text = json.dumps({"url": upstream.url, "token": "t", "container": "lyon/c1"})
        upstream.credential.write_text(text)


@contextlib.contextmanager
def running(
    settings: AgentSettings, *sources: Given, code: str | None = None, limit: float = 5.0
) -> Iterator[threading.Thread]:
    agent = Agent(settings, sources=sources or (Source("a"),), limit=limit)
    thread = threading.Thread(target=agent.run, args=(code,), daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        agent.stop()
        thread.join(5)
        assert not thread.is_alive()


def frames(count: int) -> Callable[[Upstream], bool]:
    return lambda upstream: len(upstream.frames) >= count


def test_what_is_read_arrives_framed_and_numbered(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        with running(settings):
            assert upstream.wait(frames(4))
    first = upstream.frames[0]
    assert (first.agent, first.container, first.sequence) == ("h1", "lyon/c1", 0)
    assert {f.boot for f in upstream.frames} == {first.boot}
    assert first.events[0].code == "agent_started"
    assert first.inventories[0].name == "device"
    assert {s.measurement for f in upstream.frames for s in f.sections} == {"host", "source"}
    assert all(not f.events and not f.inventories for f in upstream.frames[1:])


def test_the_boot_is_written_where_people_find_it(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        with running(settings):
            assert upstream.wait(frames(1))
    assert (tmp_path / "agent" / "boot").read_text() == upstream.frames[0].boot


def test_every_upstream_gets_every_frame(tmp_path: Path) -> None:
    with Upstream() as one, Upstream() as two:
        settings = told(tmp_path, one, two)
        enrol(settings)
        with running(settings):
            assert one.wait(frames(4))
            assert two.wait(frames(4))
    shared = {f.sequence for f in one.frames} & {f.sequence for f in two.frames}
    assert len(shared) >= 3


def test_a_restart_is_another_boot_and_old_frames_keep_their_name(tmp_path: Path) -> None:
    with Upstream(lambda _: Reply(503, holds=False)) as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        with running(settings):
            assert upstream.wait(lambda u: any(f.sequence >= 0 for f in u.frames))
        first = upstream.frames[0].boot
        upstream.script = lambda _: Reply()
        with running(settings):
            assert upstream.wait(lambda u: len(u.held) == 2)
            assert upstream.wait(lambda u: 0 in u.held[("h1", first)])


def test_a_code_is_redeemed_once_and_kept(tmp_path: Path) -> None:
    def script(request: Request) -> Reply:
        return Reply(200, body=SECRET) if request.path.endswith("credentials") else Reply()

    with Upstream(script) as upstream:
        settings = replace(told(tmp_path, upstream), container="", host="")
        for _ in range(2):
            with running(settings, code="one-time"):
                assert upstream.wait(lambda u: len(u.frames) >= 1)
            assert upstream.frames[-1].agent == "h1"
            assert upstream.frames[-1].container == "lyon/c1"
    assert sum(r.path.endswith("credentials") for r in upstream.requests) == 1


def test_enrolment_waits_for_a_collector_that_is_not_ready(tmp_path: Path) -> None:
    answers = [Reply(503), Reply(200, body=SECRET)]

    def script(request: Request) -> Reply:
        return answers.pop(0) if request.path.endswith("credentials") else Reply()

    with Upstream(script) as upstream, running(told(tmp_path, upstream), code="one-time"):
        assert upstream.wait(frames(1))


def test_a_refused_code_ends_the_agent(tmp_path: Path) -> None:
    with Upstream(lambda _: Reply(401, body={"detail": "used"})) as upstream:
        agent = Agent(told(tmp_path, upstream), sources=(Source("a"),))
        with pytest.raises(Refused, match="used"):
            agent.run("old")


def test_without_a_container_it_says_how_to_get_one(tmp_path: Path) -> None:
    settings = AgentSettings(data=tmp_path, upstreams=(To("http://127.0.0.1:9"),))
    with pytest.raises(SettingsError, match="--enrol"):
        Agent(settings).run()


def test_the_credential_of_another_host_is_refused(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = replace(told(tmp_path, upstream), host="h2")
        path = settings.upstreams[0].credential
        assert path
        path.write_text(json.dumps({"url": upstream.url, "token": "t", "container": "lyon/c1/h1"}))
        with pytest.raises(SettingsError, match="speaks for h1"):
            Agent(settings, sources=(Source("a"),)).run()


def test_two_agents_do_not_share_a_data_directory(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        with running(settings):
            assert upstream.wait(frames(1))
            with pytest.raises(SettingsError, match="another process"):
                Agent(settings, sources=(Source("a"),)).run()


def test_an_inventory_asked_for_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.service.INVENTORY_PAUSE_SECONDS", 0.0)
    with Upstream(wants=["device"]) as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        with running(settings):
            assert upstream.wait(lambda u: sum(bool(f.inventories) for f in u.frames) == 2)


def test_a_stuck_source_is_told_and_does_not_keep_the_agent_from_ending(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Upstream() as upstream:
        settings = replace(told(tmp_path, upstream), periods={"a": 0.05, "b": 0.05, "source": 0.05})
        enrol(settings)
        with running(settings, Source("a", pipe), Source("b"), limit=0.1):
            assert upstream.wait(lambda u: any(f.events for f in u.frames[1:]))
            assert upstream.wait(frames(10))
    told_of = [e for f in upstream.frames for e in f.events if e.code == "source_changed"]
    assert [(e.keys["source"], "stuck" in e.detail) for e in told_of] == [("a", True)]
    pipe.write_bytes(b"")


def test_a_source_in_a_process_of_its_own_is_read_as_any_other(tmp_path: Path) -> None:
    with Upstream() as upstream:
        settings = told(tmp_path, upstream)
        enrol(settings)
        before = set(psutil.Process().children())
        with running(settings, Telling(name="a")):
            assert upstream.wait(
                lambda u: "gpu_lost" in {e.code for f in u.frames for e in f.events}
            )
            [child] = set(psutil.Process().children()) - before
        child.wait(60)
    lost = next(e for f in upstream.frames for e in f.events if e.code == "gpu_lost")
    assert lost.keys == {"host": "h1", "gpu": "GPU-1"}
    devices = {r["device"] for f in upstream.frames for i in f.inventories for r in i.rows}
    assert "GPU-1" in devices


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("node-1.example", "node-1.example"), ("a/b c", "a-b-c"), ("hôte\n", "h-te-"),
        ("x" * 300, "x" * 128), ("", "host"),
    ],
)  # fmt: skip
def test_a_host_name_is_made_fit_to_be_a_key(asked: str, given: str) -> None:
    assert host_name(asked) == given


def test_periods_come_from_the_catalogue_unless_set() -> None:
    settings = AgentSettings(periods={"filesystem": 60})
    known = periods(settings, sources(settings))
    of = {name: known[name] for name in ("host", "filesystem", "disk_io", "source")}
    assert of == {"host": 1, "filesystem": 60, "disk_io": 1, "source": 1}


@pytest.mark.parametrize(
    "settings", [AgentSettings(off=("hots",)), AgentSettings(periods={"x": 1})]
)
def test_a_source_that_does_not_exist_cannot_be_set(settings: AgentSettings) -> None:
    with pytest.raises(SettingsError, match="there are: host"):
        periods(settings, sources(settings))
