"""Which network a program watches: that of a file or folder, or of this host, and the twin's."""

from dataclasses import dataclass
from pathlib import Path

from vigie.network.load import Network, joined, load, reference

Stamp = tuple[tuple[str, int, int, int, int], ...]
"""Of each file: its path, number, size, and when its bytes and its entry changed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: `path` is a file or a folder, None this host alone.

    With `twin` the packaged reference network, which the twin plays, stands beside it.
    """

    path: Path | None
    hostname: str
    twin: bool = False

    def load(self) -> Network:
        """Read it now.

        Raises:
            SettingsError: every fault of the files, each with its line and what to do.
        """
        own = load(self.path) if self.path else Network.of_this_host(self.hostname)
        return joined(own, reference()) if self.twin else own

    def stamp(self) -> Stamp:
        """Differs as soon as a file changed, came or went; empty where nothing can change."""
        if self.path is None:
            return ()
        if self.path.is_dir():
            return tuple(_stamp(file) for file in sorted(self.path.glob("*.toml")))
        return (_stamp(self.path),)


def _stamp(file: Path) -> tuple[str, int, int, int, int]:
    try:
        found = file.stat()
    except OSError:  # it is gone: loading will say so
        return (str(file), 0, 0, 0, 0)
    return (str(file), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
