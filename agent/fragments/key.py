"""The key that hides the names of objects: a person's file, or the network's, asked for once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent import files
from agent.credential import Credential
from agent.identity import home
from vigie.client import Client
from vigie.errors import SettingsError, Unavailable
from vigie.fragments import KEY_BYTES
from vigie.replies import FragmentKey
from vigie.settings import AgentSettings

FILE: Final = "fragments.key"


def key(settings: AgentSettings, credentials: Sequence[Credential]) -> bytes:
    """The 32 bytes; what the first upstream answers is kept.

    Raises:
        SettingsError: the file holds something else, or cannot be read.
        Unavailable: no upstream can be asked now.
        Refused: it will not tell this agent.
    """
    if settings.fragment_key is not None:
        return _read(settings.fragment_key)
    kept = home(settings) / FILE
    if kept.exists():
        return _read(kept)
    if not credentials or not credentials[0].token:
        raise Unavailable("no key for the names of objects: this agent is not enrolled yet")
    with Client(credentials[0].url, credentials[0].token) as client:
        text = client.get(FragmentKey, "fragments/key").key
    try:
        found = _parse(text)
    except ValueError as error:
        raise Unavailable(f"{credentials[0].url}: its fragments/key is none: {error}") from error
    try:
        files.replace(kept, text.encode())
    except OSError as error:
        raise Unavailable(f"{kept}: cannot be kept: {error.strerror}") from error
    return found


def _read(path: Path) -> bytes:
    try:
        return _parse(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"agent.fragment_key: {path}: {error}; it is to hold {KEY_BYTES} bytes in hex, "
            "the same on every host of the network"
        ) from error


def _parse(text: str) -> bytes:
    """Raises ValueError."""
    found = bytes.fromhex(text.strip())
    if len(found) != KEY_BYTES:
        raise ValueError(f"{len(found)} bytes instead of {KEY_BYTES}")
    return found
