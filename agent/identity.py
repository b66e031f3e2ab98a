"""Who this agent is to its upstreams: the host, and the container in which it stands."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.credential import Credential
from vigie.errors import SettingsError
from vigie.frame import MAX_KEY_BYTES
from vigie.settings import AgentSettings, Upstream


@dataclass(frozen=True, slots=True)
class Identity:
    """Name of the host, path of its container."""

    host: str
    container: str


def host_name(asked: str) -> str:
    """A name fit to be a key: printable ASCII, at most 128 bytes, no `/`."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in "/ " else "-" for c in asked)
    return plain[:MAX_KEY_BYTES] or "host"


def home(settings: AgentSettings) -> Path:
    """The agent's part of the data directory."""
    return settings.data / "agent"


def credential_path(settings: AgentSettings, upstream: Upstream) -> Path:
    """Where the credential for that upstream is."""
    return upstream.credential or home(settings) / "credential"


def credentials(settings: AgentSettings) -> list[Credential]:
    """The credential for each upstream, without a token where there is none yet.

    Raises:
        VigieError: one cannot be read.
    """
    return [Credential.load(credential_path(settings, u), u.url) for u in settings.upstreams]


def identity(settings: AgentSettings, known: Sequence[Credential]) -> Identity:
    """What settings and credentials say that this host is.

    Raises:
        SettingsError: nothing says which container, or they contradict each other.
    """
    container = settings.container or next((c.container for c in known if c.container), "")
    if not container:
        raise SettingsError(
            "agent.container: nothing says which container this host stands in; "
            "give --container SITE/CONTAINER, or enrol with --enrol CODE"
        )
    scoped = next((c.host for c in known if c.host), "")
    asked = settings.host or scoped or socket.gethostname()
    if scoped and asked != scoped:
        raise SettingsError(
            f"agent.host: the credential speaks for {scoped}, not for {asked}; "
            "leave the setting out, or enrol again for that host"
        )
    return Identity(scoped or host_name(asked), container)
