"""Who can still be heard, container by container, site by site, and as a whole. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from alerts.language.evaluate import Columns
from alerts.language.past import Numbers

AGENT: Final = "agent"
"""The row of `source` in which an agent speaks of itself."""
SILENT_SECONDS: Final = 30.0
"""After this an agent is silent, as the rule on it says too."""
NETWORK: Final = "network"


@dataclass(slots=True)
class Place:
    """One row of `reach`; `silent` and `silence` are None while it is too early to know.

    `containers` are it or those in it from which an agent was ever heard, `played` those of them
    that the twin plays.
    """

    path: str
    level: str
    below: set[str] = field(default_factory=set)
    agents: int = 0
    silent: int | None = 0
    silence: float | None = None
    containers: int = 0
    played: int = 0

    @property
    def simulated(self) -> bool:
        """Whether everything that it speaks of comes from the twin."""
        return 0 < self.containers == self.played

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
    sources: Columns, in_service: Callable[[str], bool], simulated: Callable[[str], bool]
) -> list[Place]:
    """All places from which an agent was ever heard, out of the rows of `source`.

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
    return list(found.values())


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
