"""What the agent of a host can be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from vigie.catalogue import POWER_ROLES
from vigie.document import Duration, Misfit, Size, Within, suggestion
from vigie.fragments import path_pattern
from vigie.settings.setting import DATA, Address, setting


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
