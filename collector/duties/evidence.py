"""What an incident leaves the house with: readings, events, alerts, who did what, all signed."""

import csv
import io
import json
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from alerts.incidents.bundle import Part, Sealer, write
from alerts.incidents.timeline import Entry
from collector import times
from collector.duties.incidents import Incidents, Looked, reply
from collector.keeping import words
from collector.keeping.export import Export, Wanted
from collector.store.flush import EVENTS_TABLE
from collector.store.parts import Parts
from vigie import catalogue
from vigie.database import Database
from vigie.errors import Unavailable
from vigie.network.places import inside
from vigie.shape import Inventory

BEFORE: Final = 3600.0
AFTER: Final = 900.0
"""Seconds of readings before an incident began, and after it ended."""
MOST_ROWS: Final = 500_000
"""Of one table: where there are more, minutes or hours stand for readings."""
TIERS: Final = ("", "_1m", "_1h")
LEAST_FREE: Final = 2**30
"""Bytes of the disk that must be free."""
FOLDER: Final = "bundle-"
RETRY_SECONDS: Final = 30.0
_LAST: Final = ("value", "detail", "note", "count", "outlook", "stakes", "ticket", "ticket_status")
_ACTS: Final = ("time", "step", "person", "principal", "words", "alerts", "outage", "stage", "at")
_AUDIT: Final = ("time", "principal", "name", "scope", "act", "subject", "detail")
_TOLD: Final = ("id", "receiver", "state", "created", "ended", "failures", "reason", "body")


class Evidence:
    """Makes bundles: one at a time, each needs room on the disk for the largest of its files."""

    def __init__(
        self, incidents: Incidents, database: Database, parts: Parts, sealer: Sealer,
        directory: Path,
    ) -> None:  # fmt: skip
        """`database` holds the audit and the messages; `directory` is where files may lie."""
        self._incidents, self._database, self._parts = incidents, database, parts
        self._sealer, self._directory = sealer, directory
        self._turn = threading.Lock()

    def bundle(self, looked: Looked, now: float) -> IO[bytes]:
        """The bundle of an incident, from its beginning, in a file that goes when it is closed.

        Raises:
            Unavailable: another one is made now, or the disk is nearly full.
            StoreError: rows cannot be read.
            OSError: the disk is full.
        """
        if not self._turn.acquire(blocking=False):
            raise Unavailable("another bundle is made now; ask again", RETRY_SECONDS)
        try:
            return self._made(looked, now)
        finally:
            self._turn.release()

    def _made(self, looked: Looked, now: float) -> IO[bytes]:
        for left in self._directory.glob(f"{FOLDER}*"):
            shutil.rmtree(left, ignore_errors=True)  # of a process that was killed meanwhile
        if shutil.disk_usage(self._directory).free < LEAST_FREE:
            raise Unavailable("the disk is nearly full; a bundle is made there", RETRY_SECONDS)
        file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - who asked closes it
        try:
            with tempfile.TemporaryDirectory(dir=self._directory, prefix=FOLDER) as folder:
                parts = self._files(looked, now, Path(folder))
                write(file, looked.incident.id, parts, self._sealer, now)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def _files(self, looked: Looked, now: float, folder: Path) -> Iterator[Part]:
        """Every file; those that lie on disk go once the next is wanted."""
        first, last = span(looked, now)
        said = asdict(reply(looked, self._incidents, now, "en"))
        said |= {"made": times.text(now), "from_time": times.text(first),
                 "to_time": times.text(last)}  # fmt: skip
        yield Part("incident.json", _json(said))
        yield Part("timeline.csv", _csv(Entry.__dataclass_fields__, map(_entry, looked.entries)))
        yield Part("alerts.json", _json(list(self._alerts(looked))))
        acts = (_act(asdict(act)) for act in looked.incident.acts)
        yield Part("acts.csv", _csv(_ACTS, acts))
        yield Part("notifications.csv", _csv(_TOLD, self._messages(looked)))
        yield Part("audit.csv", _csv(_AUDIT, self._audit(looked, first, last)))
        lines = []
        for table, part in self._rows(looked, first, last, folder):
            if part is None:
                lines.append(f"{table}: left out, more than {MOST_ROWS} rows")
                continue
            described = [asdict(column) for column in words.described(table)]
            lines.append(f"{part.name}: {table}")
            yield part
            yield Part(part.name.replace(".csv", ".columns.json"), _json(described))
            if isinstance(part.content, Path):
                part.content.unlink()
        yield Part("README.txt", readme(looked, first, last, lines).encode())

    def _rows(
        self, looked: Looked, start: float, end: float, folder: Path
    ) -> Iterator[tuple[str, Part | None]]:
        """Events and readings of the containers concerned: table and file, None: too many rows."""
        if not looked.containers:
            return
        measured = sorted(m.name for m in catalogue.MEASUREMENTS if not issubclass(m, Inventory))
        for name in (EVENTS_TABLE, *measured):
            tiers = TIERS if name != EVENTS_TABLE else TIERS[:1]
            wanted = [_wanted(name + tier, looked.containers, start, end) for tier in tiers]
            fits = next((w for w in wanted if not self._export(w).more_than(MOST_ROWS)), None)
            if fits is None:
                yield name, None
            elif self._export(fits).more_than(0):
                path = folder / f"{fits.table}.csv"
                with path.open("wb") as file:
                    file.writelines(self._export(fits).pieces())
                place = "events.csv" if name == EVENTS_TABLE else f"readings/{fits.table}.csv"
                yield fits.table, Part(place, path)

    def _export(self, wanted: Wanted) -> Export:
        return Export(self._parts, wanted)

    def _alerts(self, looked: Looked) -> Iterator[dict[str, Any]]:
        """Each alert with every change, and what was known of it last."""
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps([episode.id for episode in looked.episodes]),
        )
        known = {row["id"]: dict(row) for row in rows}
        for episode in looked.episodes:
            last = {name: known.get(episode.id, {}).get(name) for name in _LAST}
            for name in ("outlook", "stakes"):  # kept as JSON
                last[name] = json.loads(last[name] or "null")
            yield _alert(asdict(episode)) | last

    def _messages(self, looked: Looked) -> Iterator[dict[str, Any]]:
        """What was sent, or was to be, word for word."""
        for row in self._incidents.messages(looked.incident):
            said = {name: row[name] for name in _TOLD}
            said["body"] = bytes(row["body"]).decode(errors="replace")
            yield said | _times(said, "created", "ended")

    def _audit(self, looked: Looked, start: float, end: float) -> Iterator[dict[str, Any]]:
        """Who was let in or shut out of these places meanwhile, and by whom."""
        rows = self._database.rows(
            "SELECT audit.*, person.name, person.scope, about.scope AS place FROM audit "
            "LEFT JOIN principals AS person ON person.id = audit.principal "
            "LEFT JOIN principals AS about ON about.id = audit.subject "
            "WHERE time >= ? AND time < ? ORDER BY audit.id", start, end,
        )  # fmt: skip
        for row in rows:
            places = [place for place in (row["scope"], row["place"]) if place]
            if any(_touch(place, path) for place in places for path in looked.containers):
                yield {name: row[name] for name in _AUDIT} | {"time": times.text(row["time"])}


def span(looked: Looked, now: float) -> tuple[float, float]:
    """From when until when the readings of an incident are wanted, Unix times."""
    found, opened = looked.clock, looked.incident.opened.time
    began = opened if found.began is None else min(found.began, opened)
    ended = now if found.ended is None else found.ended
    return began - BEFORE, min(now, ended + AFTER)


def readme(looked: Looked, start: float, end: float, lines: Sequence[str]) -> str:
    """What is in a bundle, and how to verify it, for whoever gets it."""
    incident = looked.incident
    simulated = ["", "SIMULATED: some or all of this was played, and did not happen."]
    return "\n".join([
        f"Incident {incident.id}: {incident.title}",
        f"Places: {', '.join(looked.containers) or incident.scope or 'the whole network'}",
        f"Readings from {times.text(start)} until before {times.text(end)}.",
        *(simulated if looked.simulated else []),
        "",
        "incident.json      its clock, deadlines, unavailability, alerts and timeline",
        "timeline.csv       all that became of it, in order",
        "alerts.json        its alerts, with every change, and who took them in hand",
        "acts.csv           what people did to the incident",
        "notifications.csv  who was told, when, in which words",
        "audit.csv          who was let in or shut out meanwhile",
        "",
        "All times are UTC. An empty cell is unknown, never 0. Beside each table, its columns",
        "with their units as UCUM writes them (By: byte, Cel: degree Celsius).",
        "",
        *lines,
        "",
        "To verify that nothing was changed, and by which key it was signed:",
        "",
        "  vigie incident verify FILE",
        "",
        "or, unpacked, with what every system has:",
        "",
        "  sha256sum --check --strict SHA256SUMS",
        "  openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in SHA256SUMS \\",
        "      -sigfile SHA256SUMS.sig",
        "",
        "That key.pem is the key of the collector, only the collector can say: compare its",
        "fingerprint with `vigie incident key`, asked there.",
        "",
    ])  # fmt: skip


def _wanted(table: str, among: Sequence[str], start: float, end: float) -> Wanted:
    return Wanted(table, int(start * 1e6), int(end * 1e6), "", "csv", tuple(among))


def _touch(one: str, other: str) -> bool:
    return inside(one, other) or inside(other, one)


def _times(said: dict[str, Any], *names: str) -> dict[str, Any]:
    """These members, Unix seconds, as RFC 3339."""
    return {n: None if said[n] is None else times.text(said[n]) for n in names}


def _entry(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"time": times.text(entry.time)}


def _act(said: dict[str, Any]) -> dict[str, Any]:
    return said | _times(said, "time", "at") | {"alerts": " ".join(said["alerts"])}


def _alert(said: dict[str, Any]) -> dict[str, Any]:
    turns = [turn | _times(turn, "time") for turn in said.pop("turns")]
    return said | _times(said, "began") | {"changes": turns}


def _json(said: Any) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")


def _csv(names: Iterable[str], rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(errors="replace")
