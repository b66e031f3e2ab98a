"""What the collector answers, typed: the one description that the API serves and the client reads.

Every class is a plain dataclass of JSON types. Times are RFC 3339 UTC texts; unknown is null.
"""

from dataclasses import dataclass, field
from typing import Literal

Cell = float | int | str | bool | None
Interval = tuple[int, int]
"""First and last sequence number, both included."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem document; `fault` is the machine word, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class HeldBoot:
    """What the collector holds of one boot of one agent."""

    agent: str
    boot: str
    held: list[Interval]
    container: str = ""


@dataclass(frozen=True, slots=True)
class FramesReply:
    """Answer to `POST frames`: everything listed in `held` is synced to disk.

    `dropped` names, per measurement, the columns that this catalogue does not know.
    `wants` names the inventories of which a snapshot is asked for.
    """

    held: list[HeldBoot]
    dropped: dict[str, list[str]] = field(default_factory=dict)
    wants: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as columns of equal length, with what one must know to trust them.

    `coverage` is the share of the asked span with data, `simulated_share` the share of rows that
    come from the twin, `cursor` asks for the next page.
    """

    as_of: str
    tier: str
    columns: dict[str, list[Cell]]
    coverage: float | None = None
    quality: str | None = None
    simulated_share: float = 0.0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One number that a KPI was made of: a meter, a sum, a factor, a declared figure.

    `step` orders them as one would compute: input, sum, factor, result. `source` says where it
    comes from: the path of a meter, the table and row of a factor, file and line of a declaration.
    """

    step: str
    name: str
    value: float | None
    unit: str
    source: str = ""
    coverage: float | None = None
    quality: str | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """One value of one indicator over one boundary and period; null value has a reason.

    `category` is interim for an energy ratio of less than 12 months, with the category of its
    meters (`interim, category 1`). `previous` is the value of the period before, of equal legal
    length. `parts` breaks the value down by what the indicator says; `terms` are told by
    `explain` only. `sentence` says in words what must not be read without.
    """

    indicator: str
    scope: str
    period: str
    from_time: str
    to_time: str
    value: float | None
    unit: str
    method: str
    boundary: str
    coverage: float
    quality: str | None
    reason: str | None
    simulated_share: float
    vintage: str
    inputs: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    previous: float | None = None
    parts: dict[str, float | None] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Kpis:
    """Answer to `GET kpis`."""

    as_of: str
    network_version: str
    kpis: list[Kpi]


AlertState = Literal["pending", "firing", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong with one subject, and who has it.

    `subject` is the container path followed by the keys; `title` and `advice` are in the asked
    language. `blind` says that its source is mute: it never closes by itself.
    """

    id: str
    rule: str
    priority: int
    state: AlertState
    container: str
    subject: str
    title: str
    advice: str
    value: str
    since: str
    changed: str
    simulated: bool
    blind: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    note: str | None = None
    runbook: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Answer to `GET alerts`, worst and oldest first."""

    as_of: str
    alerts: list[Alert]


@dataclass(frozen=True, slots=True)
class Container:
    """One container of the network and how it is now.

    `state` is nominal, abnormal, stale or silent (never seen) of one in service, else where it is
    in its life: declared, commissioning, maintenance or retired. `worst` is the priority of its
    worst open alert, `last_seen` when its newest frame was taken. `status` is how real it is, the
    lesser of its own and its site's; `scale` the share of it that the twin plays.
    """

    path: str
    name: str
    site: str
    site_name: str
    operator: str
    region: str
    zone: str | None
    status: str
    simulated: bool
    state: str
    worst: int | None
    alerts: int
    hosts: list[str]
    last_seen: str | None
    latitude: float | None = None
    longitude: float | None = None
    lifecycle: str = "in_service"
    lifecycle_since: str | None = None
    status_since: str | None = None
    status_source: str = ""
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Containers:
    """Answer to `GET containers`.

    `network_since` is when that version came into force. `network_fault` says, with file and line,
    why the network's files as they are now are not in force; null where they are.
    """

    as_of: str
    network: str
    network_version: str
    commit: int
    containers: list[Container]
    network_since: str | None = None
    network_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who may do what, where: agent, service or person, its roles and its scope."""

    id: str
    kind: str
    name: str
    roles: list[str]
    scope: str
    simulated: bool
    created: str
    credentials: list["Credential"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Credential:
    """A way to prove to be a principal; the secret itself is shown once, when made."""

    id: str
    created: str
    expires: str | None
    last_used: str | None
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Principals:
    """Answer to `GET principals`."""

    principals: list[Principal]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A one-time code that its holder redeems for a credential before it expires."""

    principal: str
    code: str
    expires: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A new credential with its token, which is shown this once."""

    principal: str
    credential: str
    token: str
    expires: str | None
    container: str = ""
    """The scope of the principal: what an agent writes under."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is asking: the person or service behind the credential used."""

    principal: str
    name: str
    kind: str
    roles: list[str]
    scope: str
    expires: str | None


@dataclass(frozen=True, slots=True)
class FragmentsHeld:
    """Answer to `POST fragments`: how far an inventory is held, and what of it is wanted next.

    `held` is the number of the last change up to which nothing is missing. With `digests` the
    sender is to send the digests of its buckets; `buckets` are those whose content is wanted.
    """

    epoch: str
    held: int
    digests: bool
    buckets: list[int]


@dataclass(frozen=True, slots=True)
class FragmentKey:
    """Answer to `GET fragments/key`: the network's key for the names of objects, in hex."""

    key: str


@dataclass(frozen=True, slots=True)
class FragmentInventory:
    """What one host told of one store: how many records, and whether that is all.

    `learned` is when it was last heard of; `wanted` counts buckets that are still to come, `gaps`
    how often changes were missing and digests had to tell which.
    """

    container: str
    host: str
    store: str
    records: int
    held: int
    wanted: int
    gaps: int
    learned: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """How many objects have `margin` more live fragments than they need; below 0 is lost."""

    margin: int
    objects: int


@dataclass(frozen=True, slots=True)
class Margins:
    """The objects of one store and scheme by margin, counting distinct indexes that are alive.

    `containers_tolerated` is how many containers may vanish, the worst first chosen for each
    object, before one cannot be rebuilt; None when one is lost already. A fragment that is in
    several containers counts in one of them only: it may be more. `simulated` says that some of
    the store's inventories come from the twin.
    """

    store: str
    scheme: str
    objects: int
    margins: list[Margin]
    containers_tolerated: int | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class FragmentsReply:
    """Answer to `GET fragments`; `complete` is False while any inventory lacks buckets.

    `margins` is null for whoever may not see the whole network: an object lies in many containers.
    """

    as_of: str
    complete: bool
    inventories: list[FragmentInventory]
    margins: list[Margins] | None
