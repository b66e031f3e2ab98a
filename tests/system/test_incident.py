"""An incident as people live it: real readings, a real receiver, the commands, and the bundle."""

import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.build import world
from tests.build.desk import Desk
from tests.build.programs import Collector, Sender
from vigie.catalogue import Filesystem
from vigie.replies import Alerts
from vigie.shape import Columns


@dataclass
class Room:
    """A running collector, an agent, and a person at a shell."""

    running: Collector
    sender: Sender
    person: str
    folder: Path
    tick: int = 0

    def reads(self, free: int) -> None:
        """The agent reports how much is free on its one disk; it has been acknowledged."""
        columns: Columns = {
            Filesystem.host: ["host-1"], Filesystem.mount: ["/srv"],
            Filesystem.size_bytes: [100], Filesystem.available_bytes: [free],
            Filesystem.read_only: [False],
        }  # fmt: skip
        self.tick += 1
        start = time.time_ns() - self.tick * 1_000_000_000
        agent = world.Agent(
            "paris/a", start=start, period=1.0, read=lambda *_: [(Filesystem, columns)]
        )
        self.sender.held(world.compressed(agent.frame(self.tick)), agent.clock(self.tick))

    def vigie(self, *words: str, status: int = 0) -> str:
        """What `vigie` prints to the person."""
        done = subprocess.run(
            [sys.executable, "-m", "vigie", *words],
            capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "VIGIE_URL": self.running.url, "VIGIE_TOKEN": self.person},
        )  # fmt: skip
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def asked(self, *words: str, status: int = 0) -> Any:
        """The same as JSON."""
        return json.loads(self.vigie(*words, "--json", status=status))

    def alerts(self, count: int) -> list[str]:
        """The ids of the alerts that are open, once there are so many."""
        end = time.monotonic() + 60
        found: list[str] = []
        while time.monotonic() < end:
            with self.running.client() as client:
                listed = client.get(Alerts, "alerts").alerts
            found = [alert.id for alert in listed if alert.rule == "no_space"]
            if len(found) == count:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{found}: {count} were wanted")


def unpacked(path: Path) -> Mapping[str, bytes]:
    """The files of a bundle, without their folder."""
    found = {}
    with tarfile.open(path) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            found[entry.name.partition("/")[2]] = content.read()
    return found


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_the_first_alarm_to_a_bundle_that_anybody_can_verify(tmp_path: Path) -> None:
    desk = Desk()
    with (
        closing(desk),
        Collector(tmp_path / "data", arguments=desk.documents(tmp_path)) as running,
        closing(Sender(running.url, running.enrol("agent-1", "paris/a"))) as sender,
    ):
        desk.open()
        person = running.enrol("Alice", "paris", kind="person", roles=["operator"])
        room = Room(running, sender, person, tmp_path)
        room.reads(50)
        room.reads(0)
        (alert,) = room.alerts(1)
        desk.wait(1)

        opened = room.asked("incident", "open", "Disk full", "--scope", "paris/a", "--since", "1h")
        name = opened["id"]
        assert alert in {found["id"] for found in opened["alerts"]}
        room.vigie("incident", "add", name, "--alert", alert, "--outage")
        room.vigie("incident", "note", name, "receipt 4711", "--filed", "early_warning")
        shown = room.vigie("incident", "show", name)
        assert "receipt 4711" in shown
        assert "min in part, – min as a whole" in shown, "nobody declared what there is in paris"

        room.reads(50)
        room.alerts(0)
        desk.wait(2, 60)  # the end of an alert waits for others
        running.kill()  # whatever happens, what was done stays
        running.start()
        closed = room.asked("incident", "close", name, "made room")
        assert (closed["state"], closed["closed_by"]) == ("closed", "Alice")
        told = [e for e in closed["timeline"] if (e["kind"], e["what"]) == ("notification", "sent")]
        assert [e["words"] for e in told if e["alert"] == alert][:1] == [f"{alert}.1"]

        path = tmp_path / "bundle.tar.gz"
        key = room.vigie("incident", "key").splitlines()[0]
        said = room.vigie("incident", "bundle", name, "--to", str(path))
        assert f"key {key}" in said
        assert "as it was signed" in room.vigie("incident", "verify", str(path), "--key", key)
        files = unpacked(path)
        free = [row["available_bytes"] for row in rows(files["readings/filesystem.csv"])]
        assert free == ["50", "0", "50"]
        assert {row["container"] for row in rows(files["readings/filesystem.csv"])} == {"paris/a"}
        acts = [(row["step"], row["person"]) for row in rows(files["acts.csv"])]
        assert acts == [(s, "Alice") for s in ("opened", "added", "filed", "closed", "bundled")]
        assert b"SIMULATED" not in files["README.txt"]
        assert json.loads(files["incident.json"])["id"] == name
        sent = [row for row in rows(files["notifications.csv"]) if row["state"] == "sent"]
        assert {row["receiver"] for row in sent} == {"desk"}
        assert json.loads(sent[0]["body"])["data"]["rule"] == "no_space"

        bent = tmp_path / "bent.tar.gz"
        with tarfile.open(bent, "w:gz") as archive:
            for file, content in files.items():
                changed = content.replace(b"paris/a", b"paris/b") if file == "acts.csv" else content
                changed += b"\n" if file == "timeline.csv" else b""
                entry = tarfile.TarInfo(f"{name}/{file}")
                entry.size = len(changed)
                archive.addfile(entry, io.BytesIO(changed))
        said = room.vigie("incident", "verify", str(bent), status=1)
        assert "timeline.csv: not what was signed" in said

        (post,) = room.asked("alerts", "load", "--from", "1h")["posts"]
        assert (post["post"], post["alarms"], post["level"]) == ("paris", 1, "acceptable")
        assert "no alarm" not in room.vigie("alerts", "load", "--from", "1h")
        assert room.vigie("alerts", "list").strip() == "nothing is wrong"
