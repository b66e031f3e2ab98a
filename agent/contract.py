"""What the agent reads, needs, sends, writes and opens: the page that a partner signs.

Made from the declarations that the sources themselves are tested against, and from nothing else.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from agent import devices
from agent.source import Read, Run, Source
from vigie import catalogue
from vigie.settings import AgentSettings
from vigie.shape import Inventory, Measurement

AGENT_READS = (
    Read("/proc/*/stat", "processor time of the agent's own processes"),
    Read("/proc/*/statm", "memory of the agent's own processes"),
    Read("/etc/localtime", "local time, for the log"),
    Read("/etc/hosts", "addresses of the upstreams"),
    Read("/etc/nsswitch.conf", "the same"),
    Read("/etc/resolv.conf", "the same"),
    Read("/etc/ssl/certs/*", "whom to trust, when an upstream is https"),
)
"""Beside its own program and data: what the agent itself opens."""
ITSELF: Final = Run(
    "python", "agent/child.py", "the agent's own: this source, in a process that can be ended"
)
"""What a source that may hang for good lives in."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One field that leaves the host."""

    name: str
    unit: str
    doc: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One source: how often it reads what, and what of it is sent."""

    source: str
    period: str
    reads: tuple[Read, ...]
    runs: tuple[Run, ...]
    sends: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """All clauses, and what the agent does beside reading."""

    clauses: tuple[Clause, ...]
    upstreams: tuple[str, ...]
    writes: tuple[str, ...]
    listens: tuple[str, ...]
    never: tuple[str, ...]


def contract(
    settings: AgentSettings, sources: Sequence[Source], periods: dict[str, float]
) -> Contract:
    """The contract of an agent with these settings; sources that are off are left out."""
    clauses = [
        Clause(
            s.name,
            f"{periods[s.name]:g} s",
            s.reads,
            (*s.runs, ITSELF) if s.apart else s.runs,
            tuple(sent for m in s.measurements for sent in _sends(m)),
        )
        for s in sources
        if s.name not in settings.off
    ]
    own = Clause("source", f"{periods['source']:g} s", AGENT_READS, (), _sends(catalogue.Source))
    inventory = Clause(
        "device", "at start and when asked", devices.READS, (), _sends(catalogue.Device)
    )
    return Contract(
        (*clauses, own, inventory),
        tuple(u.url for u in settings.upstreams),
        (
            f"{settings.data / 'agent'}: spool, positions, credential (mode 0600), boot, lock",
            f"{settings.data / 'agent'}: inventory of the fragments of each store that is set",
        ),
        (f"{settings.metrics_listen}: GET /metrics, GET /healthz",),
        (
            "starts no program but those listed, and loads no kernel module",
            "reads no file of a user but in the directories of a store that is set",
            "reads no process's memory, arguments or environment",
            "takes no order from outside but to send again an inventory: of devices, of fragments",
            "connects to nothing but the upstreams and addresses listed",
        ),
    )


def _sends(declared: type[Measurement] | type[Inventory]) -> tuple[Sent, ...]:
    return tuple(
        Sent(f.full_name, f.unit.ucum.removeprefix("1"), f.doc)
        for f in declared.fields
        if f.origin == "agent"
    )


def as_json(agreed: Contract) -> dict[str, Any]:
    """The contract as JSON types."""
    return asdict(agreed)


def as_text(agreed: Contract) -> str:
    """The contract as a page."""
    lines = ["What this agent reads, and what it sends", ""]
    for clause in agreed.clauses:
        lines.append(f"{clause.source} ({clause.period})")
        lines.append("  reads")
        for read in clause.reads:
            right = read.right or "none beyond a plain user"
            lines.append(f"    {read.path}: {read.why}; right: {right}")
        if clause.runs:
            lines.append("  runs")
        for run in clause.runs:
            right = run.right or "none beyond a plain user"
            lines.append(f"    {run.program} {run.arguments}: {run.why}; right: {right}")
        lines.append("  sends")
        for sent in clause.sends:
            unit = f" [{sent.unit}]" if sent.unit else ""
            lines.append(f"    {sent.name}{unit}: {sent.doc}")
        lines.append("")
    for title, entries in (
        ("sends to", agreed.upstreams),
        ("writes", agreed.writes),
        ("listens on", agreed.listens),
        ("never", agreed.never),
    ):
        lines.append(title)
        lines.extend(f"  {entry}" for entry in entries)
    return "\n".join([*lines, "", "Signed for the partner: ____________________  date: __________"])
