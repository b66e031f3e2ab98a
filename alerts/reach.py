"""Who can still be heard, container by container, site by site, and as a whole. Pure.

Lines are counted with the place that lies behind them: those that lead out of it, as far as their
container is heard, and those of others that lead to it. What a place told of its own lines before
it fell silent says nothing of them now.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from alerts.language.evaluate import Columns
from alerts.language.past import Numbers
from vigie.catalogue import Link

AGENT: Final = "agent"
"""The row of `source` in which an agent speaks of itself."""
SILENT_SECONDS: Final = 30.0
"""After this an agent is silent, as the rule on it says too."""
LINE_SECONDS: Final = 3 * Link.period_seconds
"""For so long what was told of a line is believed."""
NETWORK: Final = "network"


@dataclass(slots=True)
class Place:
    """One row of `reach`; `silent` and `silence` are None while it is too early to know.

    `containers` are it or those in it from which an agent was ever heard, `played` those of them
    that the twin plays. `lines` lead out of it, `carrying` of them carry.
    """

    path: str
    level: str
    below: set[str] = field(default_factory=set)
    agents: int = 0
    silent: int | None = 0
    silence: float | None = None
    containers: int = 0
    played: int = 0
    lines: int = 0
    carrying: int = 0

    @property
    def simulated(self) -> bool:
        """Whether everything that it speaks of comes from the twin."""
        return 0 < self.containers == self.played

    @property
    def heard(self) -> bool:
        """Whether any agent that is expected there is known to report."""
        return self.silent is not None and self.silent < self.agents

    def add(self, container: str, heard: Numbers) -> None:
        """Count the agents of a container that is expected to report: how long each was silent."""
        self.agents += len(heard)
        self.below.add(container.partition("/")[0] if self.level == NETWORK else container)
        if self.silent is None or np.isnan(heard).any():
            self.silent = self.silence = None
            return
        self.silent += int((heard > SILENT_SECONDS).sum())
        least = float(heard.min())
        self.silence = least if self.silence is None else min(self.silence, least)


def places(
    sources: Columns, lines: Columns, in_service: Callable[[str], bool],
    simulated: Callable[[str], bool],
) -> list[Place]:  # fmt: skip
    """All places from which an agent was ever heard, out of the rows of `source` and `link`.

    Agents of a container that is not in service are not expected, and count nowhere.
    """
    found = {"": Place("", NETWORK)}
    for container, heard in _heard(sources):
        expected, played = in_service(container), simulated(container)
        for path, level in _around(container):
            place = found.setdefault(path, Place(path, level))
            place.containers += 1
            place.played += played
            if expected:
                place.add(container, heard)
    for path, up in _lines(lines, found):
        found[path].lines += 1
        found[path].carrying += up
    return list(found.values())


def _lines(lines: Columns, found: Mapping[str, Place]) -> Iterator[tuple[str, bool]]:
    """Each place with each line out of it, and whether that carries."""
    containers, peers, up = lines.texts("container"), lines.texts("peer"), lines.numbers("up")
    known = np.flatnonzero((lines.ages() <= LINE_SECONDS) & ~np.isnan(up))
    for row in known.tolist():
        container, peer = containers.words[containers.codes[row]], peers.words[peers.codes[row]]
        site, carries = container.partition("/")[0], bool(up[row])
        if peer == site or container not in found or not found[container].heard:
            continue
        yield container, carries
        if site != container:
            yield site, carries
        other = found.get(peer)
        if other is not None and other.level == "site":
            yield peer, carries
            if len(other.below) == 1:  # the site is that container
                yield next(iter(other.below)), carries


def _heard(sources: Columns) -> Iterator[tuple[str, Numbers]]:
    """Every container, with how long each of its agents was silent."""
    kinds, containers = sources.texts("source"), sources.texts("container")
    if AGENT not in kinds.words:
        return
    agents = np.flatnonzero(kinds.codes == kinds.words.index(AGENT))
    agents = agents[np.argsort(containers.codes[agents], kind="stable")]
    codes, starts = np.unique(containers.codes[agents], return_index=True)
    each = np.split(sources.silences()[agents], starts[1:])
    for code, heard in zip(codes.tolist(), each, strict=True):
        yield containers.words[code], heard


def _around(container: str) -> Iterator[tuple[str, str]]:
    """The places that a container lies in, itself first, each with its level."""
    yield container, "container"
    site = container.partition("/")[0]
    if site != container:
        yield site, "site"
    yield "", NETWORK
