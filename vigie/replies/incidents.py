"""Incidents: alerts that belong together, their clock, and what is owed to authorities."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncidentDeadline:
    """What NIS2 (Art. 23(4)) wants: early_warning, notification or final_report.

    `late`: it was filed after `due`, or is not filed and should be. `reference` is what the person
    who filed it wrote down, such as a receipt.
    """

    stage: str
    due: str
    filed: str | None
    filed_by: str | None
    reference: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class IncidentOutage:
    """For how long one container was unavailable, and how much of that was planned."""

    container: str
    unavailable_seconds: float
    planned_seconds: float


@dataclass(frozen=True, slots=True)
class IncidentAlert:
    """One alert of an incident; `outage`: it means that its container was unavailable."""

    id: str
    rule: str
    title: str
    subject: str
    priority: int
    began: str
    fired: str | None
    acknowledged: str | None
    acknowledged_by: str | None
    ended: str | None
    outage: bool
    simulated: bool


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    """One line of a timeline.

    `kind` is alert, act, notification, silence, maintenance or network, `what` a word, `who` a
    person or a receiver, null where nobody did it.
    """

    time: str
    kind: str
    what: str
    who: str | None
    subject: str
    alert: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident.

    `began` is since when it was so, `detected` when anybody could know of it, from which the
    deadlines run. Of what was unavailable planned maintenance is left out: `unavailable_seconds` is
    how long anything was (null: nobody has said what was), `longest_seconds` the longest time on
    end, `complete_seconds` how long everything in the scope was at once. `signs` are those of
    Implementing Regulation (EU) 2024/2690, Art. 8(1): whether it is significant, people say.
    `alerts` and `timeline` are empty in a list of incidents.
    """

    id: str
    title: str
    scope: str
    state: str
    simulated: bool
    opened: str
    opened_by: str
    closed: str | None
    closed_by: str | None
    began: str | None
    detected: str | None
    acknowledged: str | None
    acknowledged_by: str | None
    ended: str | None
    deadlines: list[IncidentDeadline]
    unavailable_seconds: float | None
    longest_seconds: float | None
    complete_seconds: float | None
    planned_seconds: float | None
    outages: list[IncidentOutage]
    signs: list[str]
    alerts: list[IncidentAlert]
    timeline: list[IncidentEntry]


@dataclass(frozen=True, slots=True)
class Incidents:
    """Answer to `GET incidents`, the newest first."""

    as_of: str
    incidents: list[Incident]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """With what a collector signs: an Ed25519 public key, and its SHA-256 to compare."""

    fingerprint: str
    pem: str
