"""A file that holds a secret: only its owner may read it."""

import stat
from pathlib import Path

from vigie.errors import SettingsError


def lines(path: Path) -> list[str]:
    """Its lines without what is blank.

    Raises:
        SettingsError: it cannot be read, or others may read it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        found = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise SettingsError(f"{path}: secret cannot be read: {reason}") from error
    if mode & 0o077:
        raise SettingsError(f"{path}: others may read this secret; run chmod 600 {path}")
    return [line.strip() for line in found if line.strip()]


def password(path: Path) -> str:
    """The one line of it.

    Raises:
        SettingsError: as `lines`, or it has another number of lines.
    """
    found = lines(path)
    if len(found) != 1:
        raise SettingsError(f"{path}: one line is wanted, got {len(found)}")
    return found[0]
