"""What is in a bundle: the rows of the places and times concerned, and no others."""

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alerts import register
from alerts.delivery import outbox
from alerts.incidents import book
from alerts.incidents.incident import Act, Step
from alerts.lifecycle import Alert, State, Subject
from alerts.outlook import Outlook
from alerts.receivers.declared import everybody
from collector import networks as versions
from collector import people
from collector.duties import evidence
from collector.duties.evidence import AFTER, BEFORE, Evidence, span
from collector.duties.incidents import Incidents, Looked
from collector.networks import Networks
from tests.build import requests
from tests.build.requests import CONTAINER, SECOND
from tests.build.requests import START as START_MICROSECONDS
from tests.build.sealed import Sealed
from tests.build.stores import Opened
from vigie.catalogue import Gpu, Host
from vigie.database import Database
from vigie.errors import Unavailable
from vigie.network.network import Network

START = START_MICROSECONDS / SECOND
HOUR = 3600.0


class Room:
    """A store with readings, an incident, and the desk where bundles are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = Opened(folder)
        self.database = Database(
            folder / "desk.db",
            (*register.TABLES, *outbox.TABLES, *book.TABLES, *versions.TABLES, *people.TABLES),
        )
        networks = Networks(self.database)
        networks.accept(Network("N", (), (), ()), START - HOUR)
        self.incidents = Incidents(self.database, dict, networks)
        self.evidence = Evidence(
            self.incidents, self.database, self.run.store.parts, Sealed(), folder
        )

    def reads(self, number: int, at: float, container: str = CONTAINER) -> None:
        """A GPU draws that much, so many seconds after the start."""
        readings = {"host": ["h"], "gpu": ["g"], "power_watts": [float(number)]}
        time = START_MICROSECONDS + int(at * SECOND)
        self.run.send(
            requests.frame(number, time, {Gpu: readings}, container=container, boot=container)
        )

    def incident(self, *, ended: float | None, container: str = CONTAINER) -> Looked:
        """Something was wrong there from the start on."""
        state = State.FIRING if ended is None else State.RESOLVED
        alert = Alert("a1", "hot", Subject(container), 1, State.FIRING, START, START,
                      told=State.FIRING)  # fmt: skip
        kept = register.Register(self.database, outbox.Outbox(self.database), everybody(()), dict)
        kept.apply([alert], (), None, START)
        if ended is not None:
            over = Alert("a1", "hot", Subject(container), 1, state, START, START + ended, 2,
                         value=85.0, told=State.RESOLVED,
                         outlook=Outlook(START, 90.0, 60.0, 30.0))  # fmt: skip
            kept.apply([over], (), None, START + ended)
        opened = Act(Step.OPENED, START, "Alice", "p-1", alerts=("a1",))
        name = self.incidents.book.open("Hot", container, opened).id
        return self.incidents.look(self.incidents.book.incident(name), START + 2 * HOUR)

    def bundle(self, looked: Looked) -> dict[str, bytes]:
        """The files of the bundle that is made two hours after the start."""
        found = {}
        with (
            closing(self.evidence.bundle(looked, START + 2 * HOUR)) as file,
            tarfile.open(fileobj=file) as archive,
        ):
            for entry in archive:
                content = archive.extractfile(entry)
                assert content is not None
                found[entry.name.partition("/")[2]] = content.read()
        return found


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    with made.run, closing(made.database):
        yield made


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def watts(files: dict[str, bytes], name: str = "gpu") -> list[float]:
    return [float(row["power_watts"]) for row in rows(files[f"readings/{name}.csv"])]


def test_readings_are_of_the_places_and_times_concerned(room: Room) -> None:
    for number, at in enumerate((-BEFORE - 1, -BEFORE, 0, 600 + AFTER - 1, 600 + AFTER), 1):
        room.reads(number, at)
    room.reads(9, 0, container="other/c")
    files = room.bundle(room.incident(ended=600))
    assert watts(files) == [2, 3, 4]
    columns = {c["name"]: c for c in json.loads(files["readings/gpu.columns.json"])}
    assert columns["power_watts"]["unit"] == "W"
    assert "readings/host.csv" not in files, Host.name
    assert not list(room.folder.glob("bundle-*")), "nothing stays on the disk"


def test_while_it_goes_on_readings_go_until_now(room: Room) -> None:
    looked = room.incident(ended=None)
    assert span(looked, START + 2 * HOUR) == (START - BEFORE, START + 2 * HOUR)
    room.reads(1, 1.9 * HOUR)
    assert watts(room.bundle(looked)) == [1]


def test_who_has_too_many_rows_gives_minutes_or_is_left_out_by_name(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MOST_ROWS", 2)
    for number in range(1, 4):
        room.reads(number, number)
    looked = room.incident(ended=None)
    assert "readings/gpu.csv" not in room.bundle(looked), "minutes are not there yet"
    monkeypatch.setattr(evidence, "TIERS", ("",))
    files = room.bundle(looked)
    assert "gpu: left out, more than 2 rows" in files["README.txt"].decode()


def test_who_did_what_at_these_places_is_in_it(room: Room) -> None:
    desk = people.People(room.database, lambda: int(START * 1e9))
    by = people.Caller("root", "root", "service", frozenset({"registrar"}), "", "", None, False)
    here = desk.enrol(people.Newcomer("agent", "new", scope=f"{CONTAINER}/h"), by)
    desk.enrol(people.Newcomer("agent", "far", scope="other/c"), by)
    looked = room.incident(ended=600)
    (row,) = rows(room.bundle(looked)["audit.csv"])
    assert (row["act"], row["subject"], row["principal"]) == ("enrol", here.principal, "root")


def test_two_bundles_are_not_made_at_once(room: Room) -> None:
    looked = room.incident(ended=600)
    with room.evidence._turn, pytest.raises(Unavailable, match="another bundle is made now"):
        room.evidence.bundle(looked, START + HOUR)
    assert room.bundle(looked)


def test_on_a_nearly_full_disk_none_is_made(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "LEAST_FREE", 2**60)
    with pytest.raises(Unavailable, match="the disk is nearly full"):
        room.bundle(room.incident(ended=600))


def test_what_a_killed_process_left_goes(room: Room) -> None:
    left = room.folder / "bundle-old"
    left.mkdir()
    (left / "gpu.csv").write_text("x")
    room.bundle(room.incident(ended=600))
    assert not left.exists()


def test_an_alert_is_there_with_its_changes_and_what_was_known_of_it(room: Room) -> None:
    files = room.bundle(room.incident(ended=600))
    (alert,) = json.loads(files["alerts.json"])
    assert [(c["state"], c["time"]) for c in alert["changes"]] == [
        ("firing", "2023-11-14T22:13:20.000Z"), ("resolved", "2023-11-14T22:23:20.000Z"),
    ]  # fmt: skip
    assert alert["about"] == {"container": CONTAINER, "keys": []}
    assert alert["outlook"] == {
        "at": START, "limit": 90.0, "seconds": 60.0, "least": 30.0, "most": None,
    }  # fmt: skip
    assert (alert["value"], alert["stakes"], alert["count"]) == (85.0, None, 1)
    assert json.loads(files["incident.json"])["began"] == "2023-11-14T22:13:20.000Z"
