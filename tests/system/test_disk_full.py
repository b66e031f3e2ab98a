"""The disk runs full under a collector: frames wait outside, everything else goes on.

On a small tmpfs: mounted as root, or in a user namespace of one's own where that is allowed.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.build.programs import Collector, Sender, wait_for
from tests.build.recorded import numbered, stored
from tests.build.world import compressed
from vigie.client import Client
from vigie.errors import Refused, Unavailable
from vigie.replies import Alert, Alerts, Containers, Table

MEGABYTE = 2**20
DISK = 96 * MEGABYTE
RESERVE = 10**7
NESTED = "VIGIE_TEST_OWN_NAMESPACE"
SLOW = 60.0
QUIET_SECONDS = 4
RULES = """
[[rule]]
name = "quiet"
measurement = "host"
priority = 2
when = "age > 4s"
settle = "0s"
title = { fr = "{host} muet", en = "{host} quiet" }
advice = { fr = "Voyez", en = "Look" }
why = "Nothing comes."
do = "Look."
[[rule]]
name = "loaded"
measurement = "host"
priority = 3
when = "load1 < 100000"
settle = "0s"
title = { fr = "{host} chargé", en = "{host} loaded" }
advice = { fr = "Voyez", en = "Look" }
why = "There is a load."
do = "Look."
"""


def mounts(command: Sequence[str] = ()) -> bool:
    """Whether `mount` works, run below this command."""
    script = 'd=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d" && rmdir "$d"'
    done = subprocess.run([*command, "sh", "-c", script], capture_output=True, check=False)
    return done.returncode == 0


@dataclass
class Disk:
    """A small one, and the ballast that fills it."""

    path: Path

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.path).free

    def fill(self, leave: int) -> None:
        """Write ballast until so many bytes are left."""
        with (self.path / "ballast").open("ab") as ballast:
            while (more := self.free - leave) > 0:
                try:
                    ballast.write(bytes(min(more, MEGABYTE)))
                    ballast.flush()
                except OSError:
                    return

    def clear(self) -> None:
        (self.path / "ballast").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if not mounts():
        pytest.skip("cannot mount a tmpfs here, neither as root nor in a user namespace")
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(path)], check=True)
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.slow
def test_the_same_in_a_namespace_of_ones_own() -> None:
    if NESTED in os.environ or mounts():
        pytest.skip("a tmpfs can be mounted right here")
    own = ["unshare", "--map-root-user", "--mount"]
    if not mounts(own):
        pytest.skip("no right to mount, and no user namespaces: run as root")
    command = [*own, sys.executable, "-m", "pytest", "-n0", "-q", __file__]
    done = subprocess.run(
        command, env={**os.environ, NESTED: "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_a_full_disk_keeps_frames_outside_and_nothing_else(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.toml").write_text(RULES)
    with Collector(
        disk.path / "data",
        arguments=["--rules", str(tmp_path / "rules")],
        environment={
            "VIGIE_COLLECTOR_STORE_RESERVE_BYTES": "10MB",
            "VIGIE_COLLECTOR_STORE_FLUSH": "2s",
        },
    ) as collector:
        agent = numbered("full/c", time.time_ns() - 49 * 10**9)  # the last of fifty is from now
        sender = Sender(collector.url, collector.enrol(agent.name, agent.container))
        person = collector.enrol("Ada", "full", kind="person", roles=["operator"])
        sender.held(compressed(*(agent.frame(tick) for tick in range(50))), "")
        loaded = wait_for_alert(collector, "loaded")

        disk.fill(leave=RESERVE - MEGABYTE)
        wait_until_refused(collector, sender, compressed(agent.frame(50)))
        before = written(collector)
        status, problem, headers = sender.post(compressed(agent.frame(50)), "")
        assert (status, problem["fault"]) == (503, "unavailable")
        assert 1 <= int(headers["retry-after"]) <= 60
        assert written(collector) == before, "nothing is written of what is refused"
        everything_else_goes_on(collector, person, loaded)

        collector.kill()
        collector.start(until="/healthz")
        wait_until_open(collector)
        assert refused(sender, compressed(agent.frame(50)))
        assert set(stored(collector)) == {(agent.container, tick) for tick in range(50)}

        disk.fill(leave=0)
        assert disk.free < MEGABYTE
        time.sleep(5)  # a flush, evaluations and a merge meet no space at all
        assert collector.process
        assert collector.process.poll() is None
        assert wait_for(collector.url, "/healthz", seconds=30)
        with collector.client() as client:
            assert client.get(Table, "latest/host").columns["load1"] == [49.0]
            assert client.get(Alerts, "alerts").alerts
        assert refused(sender, compressed(agent.frame(50)))

        disk.clear()
        began = time.monotonic()
        while sender.post(compressed(agent.frame(50)), "")[0] != 200:
            assert time.monotonic() - began < SLOW
            time.sleep(0.1)
        took = time.monotonic() - began
        for tick in range(51, 80):
            sender.held(compressed(agent.frame(tick)), "")
        whole = {(agent.container, tick): 1 for tick in range(80)}
        assert stored(collector) == whole
        collector.kill()
        collector.start()
        assert stored(collector) == whole
        sender.close()
        print(f"space came back: frames are taken again after {took:.1f} s")
        assert took < 30


def wait_until_refused(collector: Collector, sender: Sender, body: bytes) -> None:
    """The disk is looked at twice a second."""
    end = time.monotonic() + 30
    while wait_for(collector.url, "/readyz", seconds=0.01):
        assert time.monotonic() < end, "it does not notice that the disk is full"
        time.sleep(0.05)
    assert refused(sender, body)


def wait_until_open(collector: Collector) -> None:
    """It cannot take frames, but it has read its journal."""
    end = time.monotonic() + 60
    while True:
        try:
            collector.table("latest/host")
        except Unavailable:
            assert time.monotonic() < end, collector.log.read_text()[-3000:]
            time.sleep(0.1)
        else:
            return


def refused(sender: Sender, body: bytes) -> bool:
    sender.close()  # the collector may be another process by now
    status, problem, headers = sender.post(body, "")
    return (status, problem["fault"]) == (503, "unavailable") and "retry-after" in headers


def written(collector: Collector) -> tuple[int, dict[str, int]]:
    """The number of the last thing kept, and how large the journal is."""
    with collector.client() as client:
        commit = client.get(Containers, "containers").commit
    journal = (collector.data / "collector" / "journal").iterdir()
    return commit, {path.name: path.stat().st_size for path in journal}


def wait_for_alert(collector: Collector, rule: str, state: str = "firing") -> Alert:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with collector.client() as client:
            for alert in client.get(Alerts, "alerts", state="all").alerts:
                if (alert.rule, alert.state) == (rule, state):
                    return alert
        time.sleep(0.1)
    raise AssertionError(f"no alert of {rule} is {state}: {collector.log.read_text()[-3000:]}")


def everything_else_goes_on(collector: Collector, person: str, loaded: Alert) -> None:
    """Screens, alerts, acknowledging, letting somebody in."""
    assert wait_for(collector.url, "/healthz", seconds=30)
    with collector.client() as client:
        assert client.get(Table, "latest/host").columns["load1"] == [49.0]
        assert len(client.get(Table, "series/host", fields="load1").columns["load1"]) == 50
    with Client(collector.url, person) as client:
        taken = client.post(Alert, f"alerts/{loaded.id}/acknowledge", {"note": "no space"})
        assert (taken.state, taken.acknowledged_by) == ("acknowledged", "Ada")
    time.sleep(QUIET_SECONDS + 2)
    with collector.client() as client:
        rules = {alert.rule for alert in client.get(Alerts, "alerts").alerts}
    assert rules == {"loaded"}, "nobody is silent while we do not listen"
    try:
        collector.enrol("newcomer", "full/c2")
    except (Refused, Unavailable) as error:
        raise AssertionError("nobody can be let in while the disk is nearly full") from error
