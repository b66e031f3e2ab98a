"""What containers are called, and which of them the twin plays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dashboard import stamps
from vigie.replies import Container


@dataclass(frozen=True, slots=True)
class Places:
    """Names and stamps by path; a path that is not there is its own name, and has no stamp."""

    names: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, containers: Iterable[Container], language: str) -> "Places":
        """Those of these containers."""
        known = list(containers)
        stamped = {c.path: stamps.of_container(c, language) for c in known}
        return cls({c.path: c.name for c in known}, stamped)

    def name(self, path: str) -> str:
        """What people call the container at a path."""
        return self.names.get(path, path)

    def stamp(self, path: str) -> str:
        """The stamp of the container at a path, "" of a real one."""
        return self.stamps.get(path, "")
