"""The store as a whole: what is in it, whether it is sound, what is held, and work on it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreTable:
    """One table.

    `bytes_per_value`, of its largest files, is by known value: keys, times and unknown cells count
    as none. `kept_seconds` is how long rows stay by the settings; `recorded`: some of them ten
    years whatever the settings say. `held_rows` are covered by a legal hold. `tail_rows` are in
    memory and in the journal, and not in a file yet.
    """

    name: str
    tier: str
    rows: int
    files: int
    bytes: int
    bytes_per_value: float | None
    oldest: str | None
    newest: str | None
    kept_seconds: float
    recorded: bool
    held_rows: int
    tail_rows: int


@dataclass(frozen=True, slots=True)
class DaysLeft:
    """When the disk will be full. `state`: fills, fits (not within ten years), or unknown, and why.

    `days` is the expectation; `earliest` and `latest` are from the largest and smallest of the
    last days. None: not within ten years.
    """

    state: str
    days: float | None
    earliest: float | None
    latest: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store now. Nothing more is taken when less than `reserve_bytes` of the disk are free.

    `last` is when each duty last succeeded: flush, merge, expire, verify.
    """

    as_of: str
    directory: str
    tables: list[StoreTable]
    journal_bytes: int
    tail_bytes: int
    state_bytes: int
    reserve_bytes: int
    disk_bytes: int
    disk_free_bytes: int
    days_left: DaysLeft
    holds: int
    last: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class StoreFinding:
    """Something that is not as it was written, and where."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class StoreTask:
    """Long work on the store: `kind` is verify or backup; `state` running, done or failed.

    `done_bytes` of `total_bytes`. A verification has findings; a backup says where it is, and how
    much of it was copied now.
    """

    id: str
    kind: str
    state: str
    started: str
    ended: str | None
    done_bytes: int
    total_bytes: int
    detail: str
    findings: list[StoreFinding] = field(default_factory=list)
    files: int = 0
    copied_files: int = 0
    copied_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HoldAct:
    """Who placed or lifted a hold, when, under which idempotency key, with what words."""

    act: str
    time: str
    person: str
    key: str
    note: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold. `scope` is what was asked for, `paths` what that meant when it was placed.

    `to_time` null: what is still to come is held too. `state` is active or lifted.
    """

    id: str
    scope: str
    paths: list[str]
    from_time: str
    to_time: str | None
    reason: str
    owner: str
    state: str
    acts: list[HoldAct]


@dataclass(frozen=True, slots=True)
class Holds:
    """Every hold that touches your scope, lifted ones too, the oldest first."""

    as_of: str
    holds: list[Hold]


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an exported table: its unit (UCUM), what it is, and the words of its codes."""

    name: str
    kind: str
    unit: str
    doc: str
    codes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportAbout:
    """What an export of a table holds: about how many rows, and how much of it is simulated."""

    as_of: str
    table: str
    from_time: str | None
    to_time: str | None
    scope: str
    rows: int
    simulated_share: float
    simulated_containers: list[str]
    columns: list[ExportColumn]
