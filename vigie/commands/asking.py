"""How a command reaches the collector: its URL, and a token from the data directory."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from vigie.client import Client
from vigie.document import duration
from vigie.errors import VigieError
from vigie.settings import DATA

DEFAULT_URL: Final = "http://127.0.0.1:8051"
READER: Final = "reader.token"
REGISTRAR: Final = "registrar.token"
URL_FILE: Final = "collector.url"
"""In the data directory; `vigie up` writes there where its collector answers."""


def add(parser: argparse.ArgumentParser, *, language: bool = False) -> None:
    """The options that every asking command has."""
    group = parser.add_argument_group("collector")
    group.add_argument(
        "--url", help=f"root of the API; default $VIGIE_URL, DATA/{URL_FILE}, or {DEFAULT_URL}"
    )
    group.add_argument(
        "--data", type=Path, default=DATA, metavar="DIR",
        help="data directory in which the token lies, unless $VIGIE_TOKEN has one [%(default)s]",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="print the answer as JSON")
    if language:
        group.add_argument("--language", choices=("fr", "en"), default="en", help="[%(default)s]")


def client(
    arguments: argparse.Namespace, file: str = READER, *, timeout: float = 10.0
) -> Client:  # fmt: skip
    """A client with the URL and the token that the options and the environment name.

    Raises:
        VigieError: there is no token.
    """
    data: Path = arguments.data
    held = os.environ.get("VIGIE_TOKEN") or token(data / file)
    return Client(_url(arguments.url, data), held, timeout=timeout)


def anonymous(arguments: argparse.Namespace) -> Client:
    """A client without a token, for who has only a one-time code."""
    return Client(_url(arguments.url, arguments.data), "")


def _url(given: str | None, data: Path) -> str:
    noted = data / URL_FILE
    found = noted.read_text(encoding="utf-8").strip() if noted.is_file() else DEFAULT_URL
    return given or os.environ.get("VIGIE_URL") or found


def token(path: Path) -> str:
    """The token in a file.

    Raises:
        VigieError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise VigieError(
            f"no token: {path}: {error.strerror}; name the data directory of `vigie up` "
            "with --data, or put a token in $VIGIE_TOKEN"
        ) from error


def moment(text: str, now: datetime) -> str:
    """RFC 3339 of a time given as such, or as how long ago: `15m`, `2h`, `7d`.

    Raises:
        VigieError: it is neither.
    """
    try:
        return _rfc3339(now - timedelta(seconds=duration(text)))
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        wanted = "a time like 2026-01-31T08:00Z, or how long ago, like 15m, 2h or 7d"
        raise VigieError(f"{text!r} is no time; {wanted} is wanted") from error
    return _rfc3339(read.astimezone(UTC))


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
