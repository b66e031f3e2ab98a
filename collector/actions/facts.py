"""What the guard knows of the network and of what was done: gathered by others, judged here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.actions.asked import Mode


@dataclass(frozen=True, slots=True)
class Done:
    """An action of before: when it began and ended (None: it runs), what it touched, what came."""

    id: str
    plan: str
    kind: str
    began: float
    ended: float | None
    subjects: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    size: float
    good: bool | None = None

    def touches(self, place: str) -> bool:
        """Whether a container is one of its ends."""
        return place in self.sources or place in self.targets


@dataclass(frozen=True, slots=True)
class Known:
    """One container: its site and failure domain, when it last told, when its state changed."""

    site: str
    domain: str
    told: float | None
    changed: tuple[float, ...] = ()
    sound: bool = True
    """In service, not alarmed, not in maintenance."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, at `now` (Unix seconds).

    `stopped` is since when the switch is off, with who did it; `whole` since when the collector
    is caught up and evaluates; `confirmed` whether somebody said so after the last crash. `modes`
    are by kind and site, the site "" being every other one. `preapproved` are the sites where
    objects without any margin may be repaired without asking.
    """

    now: float
    containers: Mapping[str, Known]
    done: tuple[Done, ...] = ()
    stopped: tuple[float, str] | None = None
    whole: float | None = None
    confirmed: bool = True
    modes: Mapping[tuple[str, str], Mode] = field(default_factory=dict)
    preapproved: frozenset[str] = frozenset()
    agreed: Mapping[str, int] = field(default_factory=dict)
    """By container, how many independent signals say that it is as the plan took it to be."""

    def mode(self, kind: str, site: str) -> Mode:
        """How far a kind may go at a site; nothing said is `observe`."""
        found = self.modes.get((kind, site), self.modes.get((kind, "")))
        return found or Mode.OBSERVE
