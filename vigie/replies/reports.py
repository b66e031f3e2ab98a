"""Reports to authorities, how near sites are to having to report, and the ledger of a pilot."""

from dataclasses import dataclass

from vigie.replies.table import Cell


@dataclass(frozen=True, slots=True)
class ReportField:
    """One field of a report; `verified` says whether its text was read in the law.

    A null value has a reason. `quality` and `coverage` are those of what was measured.
    """

    code: str
    name: str
    unit: str
    annex: str
    value: Cell
    reason: str | None
    source: str
    coverage: float | None
    quality: str | None
    note: str
    verified: bool


@dataclass(frozen=True, slots=True)
class ReportStep:
    """A state that a report reached, when, by whom, with which words or receipt."""

    state: str
    time: str
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one physical location and year.

    `state` is draft, reviewed, attested or sent. `hash` is the SHA-256 of what it says, which
    every further step names. `complete` is False while the year is not over. `corrects` names the
    sent report that it takes the place of.
    """

    id: str
    form: str
    title: str
    site: str
    year: int
    state: str
    hash: str
    complete: bool
    network_version: str
    corrects: str | None
    steps: list[ReportStep]
    fields: list[ReportField]


@dataclass(frozen=True, slots=True)
class Reports:
    """Answer to `GET reports`, without their fields."""

    as_of: str
    reports: list[Report]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How near an establishment is to the power from which it must report.

    `state` is over, near (0.8 on), below, or unknown where `unknown` names containers whose power
    nobody declared.
    """

    subject: str
    law: str
    threshold_watts: float
    watts: float
    ratio: float | None
    state: str
    sites: list[str]
    unknown: list[str]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Answer to `GET thresholds`, the nearest first."""

    as_of: str
    network_version: str
    thresholds: list[Threshold]


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One partner of a pilot over the period; bytes and joules, null is unknown.

    `used` are bytes of its own data that lie with others, `hosted` those of others that lie with
    it, `spent` the energy of its storage as far as that is for others.
    """

    operator: str
    container: str
    offered_bytes: float | None
    used_bytes: float
    hosted_bytes: float
    spent_joules: float | None
    repaired: int | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Answer to `GET pilots/{id}/ledger`."""

    as_of: str
    pilot: str
    name: str
    from_time: str
    to_time: str
    simulated: bool
    lines: list[LedgerLine]
