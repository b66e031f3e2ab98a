"""How a setting is declared: its default, its sentence, and the kinds of value it may have."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DATA: Final = Path(".vigie")
"""Where everything is kept unless told otherwise: in the folder where one stands."""


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
