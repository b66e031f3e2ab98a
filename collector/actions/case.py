"""What a rail is shown: the action asked for, what is known, and the numbers."""

from dataclasses import dataclass

from collector.actions.asked import Asked
from collector.actions.bounds import Bounds
from collector.actions.facts import Done, Facts


@dataclass(frozen=True, slots=True)
class Case:
    """One action to judge."""

    asked: Asked
    facts: Facts
    bounds: Bounds

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.facts.now

    @property
    def sites(self) -> list[str]:
        """Every site that the action touches, each once."""
        return list(dict.fromkeys((self.asked.site, *map(self.site, self.asked.places))))

    def site(self, place: str) -> str:
        """That of a container."""
        known = self.facts.containers.get(place)
        return known.site if known else place

    def sites_of(self, done: Done) -> set[str]:
        """Those that an action of before touched."""
        return {self.site(place) for place in (*done.sources, *done.targets)}

    def domain(self, place: str) -> str:
        """What a container fails together with."""
        known = self.facts.containers.get(place)
        return known.domain if known else place
