"""`vigie collector` as people start and end it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.build.programs import Collector, Sender, free_port
from tests.build.world import Agent, compressed
from vigie.replies import Table


def vigie(*words: str) -> subprocess.CompletedProcess[str]:
    """What `vigie <words>` says."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VIGIE_")}
    return subprocess.run(
        [sys.executable, "-m", "vigie", *words],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip


def test_it_ends_cleanly_and_begins_where_it_was(tmp_path: Path) -> None:
    agent = Agent("site/c", period=0.001, start=time.time_ns())
    with Collector(tmp_path) as collector:
        token = collector.enrol("agent-1", "site/c")
        sender = Sender(collector.url, token)
        held = sender.held(compressed(*(agent.frame(t) for t in range(4))), agent.clock(4))
        stream = collector.client().stream()
        next(stream)  # an open stream keeps nobody from ending
        began = time.monotonic()
        assert collector.stop() == 0
        assert time.monotonic() - began < 10
        stream.close()  # type: ignore[attr-defined]
        sender.close()
        collector.start()
        again = sender.held(compressed(agent.frame(3)), agent.clock(4))
        assert again.held == held.held
        rows = collector.client().get(Table, "series/host", fields="load1", scope="site/c")
        assert rows.columns["load1"] == [2.0] * 4
        assert (tmp_path / "reader.token").stat().st_mode & 0o777 == 0o600
        sender.close()


def test_two_collectors_never_share_a_directory(tmp_path: Path) -> None:
    with Collector(tmp_path):
        second = vigie(
            "collector", "run", "--data", str(tmp_path), "--listen", f"127.0.0.1:{free_port()}"
        )
        assert second.returncode == 1
        assert "another collector uses" in second.stderr


def test_check_reads_what_people_wrote_and_says_where_it_is_wrong(tmp_path: Path) -> None:
    good = vigie("collector", "check", "--data", str(tmp_path))
    assert (good.returncode, good.stderr) == (0, "")
    (tmp_path / "vigie.toml").write_text("[collector]\nretenton = 3\n")
    wrong = vigie("collector", "check", "--config", str(tmp_path / "vigie.toml"))
    assert wrong.returncode == 2
    assert "vigie.toml:2" in wrong.stderr
    assert not (tmp_path / "collector").exists()


def test_a_port_in_use_is_said_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with Collector(tmp_path / "first") as first:
        second = vigie(
            "collector", "run", "--data", str(tmp_path / "second"), "--listen",
            f"127.0.0.1:{first.port}",
        )  # fmt: skip
        assert second.returncode == 1
        assert "choose another with --listen" in second.stderr


def test_it_ends_while_frames_pour_in(tmp_path: Path) -> None:
    agent = Agent("site/c", period=0.001, start=time.time_ns())
    with Collector(tmp_path) as collector:
        sender = Sender(collector.url, collector.enrol("agent-1", "site/c"), timeout=60)
        acknowledged = 0
        assert collector.process
        for tick in range(400):
            if tick == 100:
                collector.process.send_signal(signal.SIGTERM)
            try:
                status, _, _ = sender.post(compressed(agent.frame(tick)), agent.clock(tick))
            except OSError:
                break
            acknowledged += status == 200
        assert collector.process.wait(timeout=60) == 0
        collector.start()
        rows = collector.client().get(Table, "series/host", fields="load1", scope="site/c")
        assert len(rows.columns["load1"]) >= acknowledged >= 100
        sender.close()
