"""The two tokens of the data directory, for whoever may read its files: 0600."""

import os
from pathlib import Path
from typing import Final

from collector.people import People

READER: Final = "reader.token"
REGISTRAR: Final = "registrar.token"
ROLES: Final = {READER: "reader", REGISTRAR: "registrar"}


def ensure(data: Path, people: People) -> None:
    """Write the tokens that are missing, or that nobody honours any more."""
    for name, role in ROLES.items():
        path = data / name
        if not path.is_file() or people.caller(path.read_text(encoding="utf-8").strip()) is None:
            _write(path, people.built_in(role, [role]).token)


def _write(path: Path, token: str) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
