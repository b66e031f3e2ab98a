"""What each program can be told, once: one frozen dataclass per program, from one `vigie.toml`.

Order: flag, then environment (`VIGIE_COLLECTOR_STORE_FLUSH=30s`), then file, then default. A
secret is never a setting: a setting names the file that holds it.
"""

import argparse
import dataclasses
import json
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigie.catalogue import POWER_ROLES
from vigie.document import (
    Document,
    Duration,
    Misfit,
    Reader,
    Size,
    Within,
    duration,
    duration_text,
    size,
    size_text,
    suggestion,
)
from vigie.fragments import path_pattern

DATA: Final = Path(".vigie")
"""Where everything is kept unless told otherwise: in the folder where one stands."""
DEFAULT_FILE: Final = Path("vigie.toml")


def setting(default: Any, doc: str) -> Any:
    """A field with its default and the sentence that documents it."""
    if isinstance(default, type):
        return dataclasses.field(default_factory=default, metadata={"doc": doc})
    return dataclasses.field(default=default, metadata={"doc": doc})


def address(value: object) -> str:
    """A text `host:port`, checked; port 0 lets the system choose.

    Raises:
        ValueError: it is none.
    """
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"host:port is wanted, like 127.0.0.1:8051, got {value!r}")
    return str(value)


Address = Annotated[str, address]


def time_zone(value: object) -> str:
    """The name of a time zone that this machine knows, checked.

    Raises:
        ValueError: it is none.
    """
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"a time zone like Europe/Paris is wanted, got {value!r}") from error


Zone = Annotated[str, time_zone]


def host_port(listen: str) -> tuple[str, int]:
    """The two parts of an `Address`; brackets of an IPv6 address left out."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One collector or relay that an agent sends to; its URL alone is enough."""

    SHORT: ClassVar[str] = "url"

    url: str = setting("", "Root of the API, as http://127.0.0.1:8051.")
    credential: Path | None = setting(None, "File with the token; default DATA/agent/credential.")


@dataclass(frozen=True, slots=True)
class FragmentStore:
    """One store whose fragments lie in directories of this host."""

    name: str = setting("", "Name of the store; the same on every host that holds a part of it.")
    roots: tuple[Path, ...] = setting((), "Directories, one a disk, in which its fragments lie.")
    reader: Literal["directory", "tahoe"] = setting(
        "directory", "How they lie there: files named by a pattern, or Tahoe-LAFS shares."
    )
    pattern: Annotated[str, path_pattern] = setting(
        r"(?:.*/)?(?P<object>[^/]+)\.(?P<index>\d+)",
        "Path of a fragment below its root, as a regular expression with the groups object and "
        "index (reader directory).",
    )
    k: Annotated[int, Within(1, 65_535)] = setting(
        1, "Fragments that rebuild an object (reader directory)."
    )
    n: Annotated[int, Within(1, 65_535)] = setting(1, "Fragments of an object (reader directory).")
    sums: Literal["none", "sidecar", "xattr"] = setting(
        "none",
        "Where the checksum of a fragment is: nowhere, in FILE.sum, or in the attribute user.sum "
        "(reader directory).",
    )
    algorithm: Literal["sha256", "sha1", "md5", "blake2b"] = setting(
        "sha256", "What the checksum is (reader directory)."
    )
    settle: Duration = setting(600.0, "A file changed since is still being written.")
    walk: Duration = setting(6 * 3600.0, "How often the directories are walked.")
    scrub: Duration = setting(90 * 86_400.0, "How long a pass that reads everything may take.")
    scrub_rate: Size = setting(10 * 10**6, "Most bytes that the scrub reads a second, a disk.")
    busy: Annotated[float, Within(0, 1)] = setting(
        0.6, "Share of time that a disk works, above which the scrub leaves it alone."
    )

    def __post_init__(self) -> None:
        if self.k > self.n:
            raise Misfit("k", f"{self.k}-of-{self.n} is no erasure code: k is n at most")


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The agent of one host."""

    PROGRAM: ClassVar[str] = "agent"

    data: Path = setting(DATA, "Data directory; the agent's part is DATA/agent.")
    container: str = setting("", "Path of its container; default: what the credential says.")
    host: str = setting("", "Name of this host in its container; default: the system's.")
    upstreams: tuple[Upstream, ...] = setting(
        (Upstream("http://127.0.0.1:8051"),), "Whom to send to; each gets every frame."
    )
    periods: Mapping[str, Duration] = setting(
        dict, "How often a source reads, by source; default: the catalogue's."
    )
    off: tuple[str, ...] = setting((), "Sources that are not read.")
    spool_bytes: Size = setting(256 * 10**6, "Frames kept on disk while no upstream answers.")
    spool_age: Duration = setting(72 * 3600.0, "Frames older than this leave the spool.")
    metrics_listen: Address = setting("127.0.0.1:8053", "Where /metrics is served.")
    gpm: Literal["auto", "off"] = setting(
        "auto", "GPU activity counters: read them unless something else does, or never."
    )
    nut: Address = setting("127.0.0.1:3493", "Where NUT's upsd answers for the UPSes.")
    roles: Mapping[str, str] = setting(
        dict, "PUE role of a metering point, by its name, where the default is wrong."
    )
    fragments: tuple[FragmentStore, ...] = setting((), "Stores with fragments on this host.")
    fragment_key: Path | None = setting(
        None, "File with the key that hides object names; default: asked of the first upstream."
    )

    def __post_init__(self) -> None:
        for wrong in set(self.roles.values()) - set(POWER_ROLES):
            raise Misfit("roles", f"{wrong!r:.40} is no role; {suggestion(wrong, POWER_ROLES)}")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each table keeps its rows."""

    raw: Duration = setting(30 * 86_400.0, "Readings as they came.")
    minute: Duration = setting(400 * 86_400.0, "Rollups of one minute.")
    hour: Duration = setting(3653 * 86_400.0, "Rollups of one hour.")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Journal, tail and tables."""

    sync: Duration = setting(0.02, "Longest wait of a frame for the sync of its group.")
    flush: Duration = setting(60.0, "How often the tail becomes table files.")
    tail_bytes: Size = setting(512 * 10**6, "Memory of the tail; flushed early when reached.")
    late_limit: Duration = setting(
        7 * 86_400.0, "Rows later than this are stored and touch no rollup."
    )
    reserve_bytes: Size = setting(10**9, "Free disk below which intake answers 503.")
    retention: Retention = setting(Retention, "How long each table keeps its rows.")

    def __post_init__(self) -> None:
        if self.late_limit > self.retention.raw:
            raise Misfit(
                "late_limit",
                "is longer than retention.raw: a late row's hour could not be computed again; "
                "shorten it, or keep raw rows longer",
            )


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """The collector: intake, store, alerts and API."""

    PROGRAM: ClassVar[str] = "collector"

    data: Path = setting(DATA, "Data directory; the collector's part is DATA/collector.")
    listen: Address = setting("127.0.0.1:8051", "Where the API is served.")
    network: Path | None = setting(None, "Network file; default: this host alone.")
    rules: Path | None = setting(None, "Folder of rule files beside the packaged ones.")
    receivers: Path | None = setting(None, "File that declares who is notified; default: nobody.")
    store: StoreSettings = setting(StoreSettings, "Journal, tail and tables.")


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """The dashboard of the watch."""

    PROGRAM: ClassVar[str] = "dashboard"

    data: Path = setting(DATA, "Data directory; the dashboard's part is DATA/dashboard.")
    listen: Address = setting("127.0.0.1:8050", "Where the pages are served.")
    api: str = setting("http://127.0.0.1:8051", "Root of the collector's API.")
    language: Literal["fr", "en"] = setting("fr", "Language of a first visit.")
    zone: Zone = setting("Europe/Paris", "Time zone of the watch; UTC always stands beside it.")


Settings = TypeVar("Settings", bound=AgentSettings | CollectorSettings | DashboardSettings)
PROGRAMS: Final[tuple[type[Any], ...]] = (AgentSettings, CollectorSettings, DashboardSettings)
OTHER_VARIABLES: Final = ("VIGIE_URL", "VIGIE_TOKEN")
"""Environment that the commands read, and that is no program's setting."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its path under its program, its type, its default and its documentation."""

    path: tuple[str, ...]
    kind: Any
    default: Any
    doc: str

    @property
    def flag(self) -> str:
        """`--store-flush`."""
        return "--" + "-".join(self.path).replace("_", "-")

    def spelled(self, value: Any) -> str:
        """A value of this setting as TOML; empty when it is not set."""
        if duration in typing.get_args(self.kind):
            return f'"{duration_text(value)}"'
        if size in typing.get_args(self.kind):
            return f'"{size_text(value)}"'
        return spelled(value)


def leaves(kind: type[Any], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every setting of a program, nested ones after their parent's."""
    hints = typing.get_type_hints(kind, include_extras=True)
    blank = kind()
    for declared in dataclasses.fields(kind):
        at = (*path, declared.name)
        if dataclasses.is_dataclass(hints[declared.name]):
            yield from leaves(hints[declared.name], at)
        else:
            default = getattr(blank, declared.name)
            yield Leaf(at, hints[declared.name], default, declared.metadata["doc"])


def variable(program: str, path: tuple[str, ...]) -> str:
    """The environment's name of a setting."""
    return "_".join(("VIGIE", program, *path)).upper()


def load(
    kind: type[Settings],
    *,
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, str | None] | None = None,
) -> Settings:
    """The settings of one program; `flags` are texts by dotted path, as `store.flush`.

    Raises:
        SettingsError: every fault found, each with its file and line, variable or flag.
    """
    return read(kind, file=file, env=env or {}, flags=flags or {})[0]


def read(
    kind: type[Settings], *, file: Path | None, env: Mapping[str, str],
    flags: Mapping[str, str | None],
) -> tuple[Settings, Document]:  # fmt: skip
    """As `load`, with the document that says where each value came from."""
    document = Document.load(file) if file else Document("no settings file")
    reader = Reader(document)
    reader.known(program.PROGRAM for program in PROGRAMS)
    if document.data.get(kind.PROGRAM) is None:
        document.data[kind.PROGRAM] = {}
    _unknown_variables(reader, env)
    if isinstance(document.data[kind.PROGRAM], dict):
        for leaf in leaves(kind):
            name, given = variable(kind.PROGRAM, leaf.path), flags.get(".".join(leaf.path))
            if given is not None:
                document.put((kind.PROGRAM, *leaf.path), _native(leaf.kind, given), leaf.flag)
            elif name in env:
                document.put((kind.PROGRAM, *leaf.path), _native(leaf.kind, env[name]), name)
    settings = reader.one(kind, (kind.PROGRAM,))
    reader.finish()
    return settings, document


def _unknown_variables(reader: Reader, env: Mapping[str, str]) -> None:
    known = {
        variable(program.PROGRAM, leaf.path) for program in PROGRAMS for leaf in leaves(program)
    }
    known.update(OTHER_VARIABLES)
    for name in env:
        if name.startswith("VIGIE_") and name not in known:
            reader.faults.append(f"environment: {name}: no such setting; {suggestion(name, known)}")


def _native(kind: Any, text: str) -> Any:
    """What TOML would have said; a text that does not fit is left for the reader to refuse."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        base, rules = typing.get_args(kind)[0], typing.get_args(kind)[1:]
        return text if any(callable(rule) for rule in rules) else _native(base, text)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}
    try:
        return json.loads(text) if kind in {int, float, bool} else text
    except ValueError:
        return text


def add_flags(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """One flag a setting, with `--config` and `--print-config`."""
    group = parser.add_argument_group(
        "settings", "flag, then environment, then file, then default (docs/reference/settings.md)"
    )
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file; default ./vigie.toml, if any"
    )
    group.add_argument("--print-config", action="store_true", help="print the settings and end")
    for leaf in leaves(kind):
        shown = leaf.spelled(leaf.default) or "none"
        group.add_argument(
            leaf.flag, dest=".".join(leaf.path), metavar=leaf.path[-1].upper(),
            help=f"{leaf.doc} [{shown}]".replace("%", "%%"),
        )  # fmt: skip


def from_arguments(
    kind: type[Settings], arguments: argparse.Namespace, env: Mapping[str, str]
) -> Settings:
    """The settings that a command line made by `add_flags` asks for. Raises as `load`."""
    return load(kind, file=_file(arguments), env=env, flags=vars(arguments))


def describe(kind: type[Settings], arguments: argparse.Namespace, env: Mapping[str, str]) -> str:
    """What `--print-config` prints: the settings as TOML, each with where it came from."""
    settings, document = read(kind, file=_file(arguments), env=env, flags=vars(arguments))
    lines, table = [], ""
    for leaf in leaves(kind):
        value: Any = settings
        for part in leaf.path:
            value = getattr(value, part)
        at = (kind.PROGRAM, *leaf.path)
        if (header := f"[{'.'.join(at[:-1])}]") != table:
            lines += ["", header] if table else [header]
            table = header
        origin = "default" if document.get(at) is None else document.where(at)
        spelling = leaf.spelled(value)
        lines.append(
            f"{'' if spelling else '# '}{leaf.path[-1]} = {spelling or 'none'}  # {origin}"
        )
    return "\n".join(lines)


def _file(arguments: argparse.Namespace) -> Path | None:
    file: Path | None = arguments.config
    return file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)


def spelled(value: Any) -> str:
    """A value as TOML, a password in a URL masked; empty when there is none."""
    if value is None:
        return ""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {f.name: spelled(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return "{ " + ", ".join(f"{k} = {v}" for k, v in members.items() if v) + " }"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {spelled(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, Path | str):
        text = re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", str(value))
        return json.dumps(text, ensure_ascii=False)
    return json.dumps(value)
