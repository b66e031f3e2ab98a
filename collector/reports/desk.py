"""Reports on their way: draft, reviewed, attested, sent; who did each, and on which content.

A step names the hash of what it is about; whoever attests is somebody else than who reviewed. A
sent report never changes: a correction is a new one that names it.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector import times
from vigie.database import Database, Table
from vigie.errors import Refused

TABLES: Final = (
    Table(
        "reports",
        "id TEXT PRIMARY KEY, form TEXT NOT NULL, site TEXT NOT NULL, year INTEGER NOT NULL, "
        "content TEXT NOT NULL, hash TEXT NOT NULL, corrects TEXT",
        indexes=("site, year",),
    ),
    Table(
        "report_steps",
        "report TEXT NOT NULL, state TEXT NOT NULL, time REAL NOT NULL, person TEXT NOT NULL, "
        "note TEXT NOT NULL, PRIMARY KEY (report, state)",
    ),
)
STATES: Final = ("draft", "reviewed", "attested", "sent")


@dataclass(frozen=True, slots=True)
class Step:
    """A state that a report reached, when (RFC 3339), by whom, with what words."""

    state: str
    time: str
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report; `content` is what it says, and `hash` the SHA-256 of that as canonical JSON."""

    id: str
    form: str
    site: str
    year: int
    content: Mapping[str, Any]
    hash: str
    corrects: str | None
    steps: tuple[Step, ...]

    @property
    def state(self) -> str:
        """The last that it reached."""
        return max((s.state for s in self.steps), key=STATES.index)


class Desk:
    """All reports, in SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def draft(
        self, form: str, site: str, year: int, content: Mapping[str, Any], *, person: str,
        now: float,
    ) -> Report:  # fmt: skip
        """Lay down a new report; one that was sent before for the same is named as corrected."""
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        name = f"{form}-{site}-{year}-{secrets.token_hex(4)}"
        before = [r.id for r in self.reports(site) if (r.form, r.year) == (form, year)
                  and r.state == "sent"]  # fmt: skip
        with self._database.write() as write:
            write.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, form, site, year, text, digest, before[-1] if before else None),
            )
            write.execute(
                "INSERT INTO report_steps VALUES (?, ?, ?, ?, ?)", (name, "draft", now, person, "")
            )
        return self.report(name)

    def advance(
        self, name: str, state: str, *, digest: str, person: str, note: str, now: float
    ) -> Report:
        """Bring a report to its next state.

        Raises:
            Refused: 404 there is none; 409 it is not its turn, its content is not that of
                `digest`, or the same person would review and attest; 422 a sent one names no
                receipt.
        """
        found = self.report(name)
        if found.hash != digest:
            raise Refused(409, f"{name} says something else by now: read it again, then {state}")
        wanted = STATES[min(STATES.index(found.state) + 1, len(STATES) - 1)]
        if state != wanted or found.state == STATES[-1]:
            raise Refused(409, f"{name} is {found.state}: its next state is not {state}")
        reviewer = next((s.person for s in found.steps if s.state == "reviewed"), None)
        if state == "attested" and person == reviewer:
            raise Refused(409, f"{person} reviewed {name}: somebody else has to attest it")
        if state == "sent" and not note:
            raise Refused(422, "note: the receipt of the authority is wanted")
        with self._database.write() as write:
            write.execute(
                "INSERT INTO report_steps VALUES (?, ?, ?, ?, ?)", (name, state, now, person, note)
            )
        return self.report(name)

    def report(self, name: str) -> Report:
        """One of them.

        Raises:
            Refused: 404, there is none of that name.
        """
        row = self._database.row("SELECT * FROM reports WHERE id = ?", name)
        if row is None:
            raise Refused(404, f"no report {name!r:.80}")
        return self._read(row)

    def reports(self, site: str | None = None) -> list[Report]:
        """All, or those of a site, oldest first."""
        rows = self._database.rows("SELECT * FROM reports ORDER BY rowid")
        return [self._read(row) for row in rows if site is None or row["site"] == site]

    def _read(self, row: Any) -> Report:
        steps = self._database.rows(
            "SELECT * FROM report_steps WHERE report = ? ORDER BY rowid", row["id"]
        )
        return Report(
            row["id"], row["form"], row["site"], row["year"], json.loads(row["content"]),
            row["hash"], row["corrects"],
            tuple(Step(s["state"], times.text(s["time"]), s["person"], s["note"]) for s in steps),
        )  # fmt: skip
