"""A running collector whose network file is edited: taken as it is, refused when broken, kept."""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed
from vigie.replies import Checklist, ContainerHistory, Containers, NetworkVersions

SITE = """\
name = "{name}"

[[operators]]
id = "us"
name = "Us"

[[sites]]
id = "cannes"
name = "Cannes"
operator = "{operator}"
"""
CONTAINER = """
[[containers]]
id = "{id}"
name = "{id}"
site = "cannes"
lifecycle = "{lifecycle}"
"""
SECONDS = 15.0
"""The file is looked at every two; a busy machine takes longer."""


class Watched:
    """A collector, and the file of its network."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "network.toml"
        self.writes("first", c1="in_service", c2="in_service")
        self.collector = Collector(folder / "data", arguments=("--network", str(self.file)))

    def writes(self, name: str, operator: str = "us", **containers: str) -> None:
        """Put another content into the file."""
        parts = [CONTAINER.format(id=id_, lifecycle=life) for id_, life in containers.items()]
        self.file.write_text(SITE.format(name=name, operator=operator) + "".join(parts))

    def told(self) -> Containers:
        with self.collector.client() as client:
            return client.get(Containers, "containers")

    def waits(self, until: Callable[[Containers], bool]) -> Containers:
        """The first answer of which that is true."""
        end = time.monotonic() + SECONDS
        while not until(told := self.told()):
            assert time.monotonic() < end, told
            time.sleep(0.2)
        return told

    def versions(self) -> list[str]:
        with self.collector.client() as client:
            return [v.name for v in client.get(NetworkVersions, "networks").versions]

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.collector.url}/metrics") as answer:
            text = answer.read().decode()
        found = re.search(rf"^vigie_collector_{name} (\S+)$", text, re.MULTILINE)
        assert found, name
        return float(found[1])

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        told = ["--url", self.collector.url, "--data", str(self.collector.data)]
        return subprocess.run(
            [sys.executable, "-m", "vigie", "network", *words, *told],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_network_follows_its_file_and_outlives_a_broken_one(watched: Watched) -> None:
    with watched.collector:
        first = watched.told()
        assert (first.network, first.network_fault) == ("first", None)
        watched.writes("second", c1="maintenance", c2="in_service")
        second = watched.waits(lambda told: told.network == "second")
        assert second.network_version != first.network_version
        assert [c.state for c in second.containers] == ["maintenance", "silent"]

        watched.writes("third", operator="su", c1="in_service")
        broken = watched.waits(lambda told: told.network_fault is not None)
        assert (broken.network, broken.network_version) == ("second", second.network_version)
        assert f"{watched.file}:10: sites[1].operator" in (broken.network_fault or "")
        shown = watched.command("show")
        assert (shown.returncode, "NOT IN FORCE" in shown.stdout) == (0, True)
        assert watched.metric("network_broken") == 1
        assert watched.metric("network_reload_failures_total") == 1

        watched.writes("second", c1="maintenance", c2="in_service")
        mended = watched.waits(lambda told: told.network_fault is None)
        assert mended.network_version == second.network_version
        assert watched.metric("network_broken") == 0
        assert watched.versions() == ["first", "second"]


def test_versions_outlive_the_process_and_a_start_on_a_broken_file(watched: Watched) -> None:
    with watched.collector:
        pass
    watched.file.write_text("name = ")
    with watched.collector:
        told = watched.told()
        assert (told.network, len(told.containers)) == ("first", 2)
        assert f"{watched.file}:1: is no TOML" in (told.network_fault or "")
        assert watched.versions() == ["first"]


def test_a_container_that_leaves_the_file_keeps_its_data_and_is_retired(watched: Watched) -> None:
    with watched.collector as collector:
        start = time.time_ns() - 10**9
        agent = Agent("cannes/c2", start=start)
        sender = Sender(collector.url, collector.enrol("agent-1", "cannes/c2"))
        sender.held(compressed(agent.frame(0)), f"{agent.boot} {time.time_ns()} {10**9}")
        sender.close()
        watched.waits(lambda told: told.containers[1].last_seen is not None)
        watched.writes("smaller", c1="in_service")
        told = watched.waits(lambda told: told.network == "smaller")
        assert [(c.path, c.lifecycle, c.state) for c in told.containers] == [
            ("cannes/c1", "in_service", "silent"), ("cannes/c2", "retired", "retired"),
        ]  # fmt: skip
        assert collector.table("latest/host", scope="cannes/c2").columns["host"] == ["host-1"]
        with collector.client() as client:
            history = client.get(ContainerHistory, "containers/cannes/c2/history")
            checklist = client.get(Checklist, "containers/cannes/c2/checklist", language="en")
        assert [(c.field, c.after) for c in history.changes] == [
            ("declared", True), ("declared", False),
        ]  # fmt: skip
        assert {item.item: item.state for item in checklist.items}["sources"] == "done"
        asked = watched.command("checklist", "cannes/c2")
        assert (asked.returncode, "NOT READY" in asked.stdout) == (1, True)
