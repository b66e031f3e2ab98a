"""How long each table keeps its rows: a default for every tier, and what measurements differ in."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

from vigie import catalogue
from vigie.document import Duration, Misfit, duration_text, suggestion
from vigie.settings.setting import setting

TIERS: Final = ("raw", "minute", "hour")
"""From fine to coarse."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How long one measurement keeps its rows, where that is not the default; raw alone will do."""

    SHORT: ClassVar[str] = "raw"

    raw: Duration | None = setting(None, "Readings as they came.")
    minute: Duration | None = setting(None, "Rollups of one minute.")
    hour: Duration | None = setting(None, "Rollups of one hour.")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each table keeps its rows."""

    raw: Duration = setting(30 * 86_400.0, "Readings as they came.")
    minute: Duration = setting(400 * 86_400.0, "Rollups of one minute.")
    hour: Duration = setting(
        3653 * 86_400.0, "Rollups of one hour; what is kept for the record stays ten years anyway."
    )
    measurements: Mapping[str, Kept] = setting(
        dict, 'What differs by measurement, as { gpu = { raw = "10d", minute = "90d" } }.'
    )

    def __post_init__(self) -> None:
        names = [m.name for m in (*catalogue.MEASUREMENTS, *catalogue.OWN)]
        for name in self.measurements:
            if name not in names:
                raise Misfit(
                    f"measurements.{name}",
                    f"no measurement is called so; {suggestion(name, names)}",
                )
        self._ordered("", None)
        for name in self.measurements:
            self._ordered(f"measurements.{name}.", name)

    def of(self, measurement: str | None, tier: str) -> float:
        """Seconds that a tier of a measurement is kept; of None the default."""
        own = self.measurements.get(measurement or "")
        kept: float | None = getattr(own, tier) if own else None
        default: float = getattr(self, tier)
        return default if kept is None else kept

    @property
    def shortest_raw(self) -> tuple[str, float]:
        """The setting that keeps raw rows for the shortest time, and how long."""
        said = {"raw": self.raw}
        for name, kept in self.measurements.items():
            if kept.raw is not None:
                said[f"measurements.{name}.raw"] = kept.raw
        return min(said.items(), key=lambda item: item[1])

    @property
    def longest_raw(self) -> float:
        """Seconds after which no raw row of any measurement is left."""
        return max([self.raw, *(self.of(name, "raw") for name in self.measurements)])

    def _ordered(self, prefix: str, name: str | None) -> None:
        """Raise Misfit where a coarser tier is kept for less time than a finer one."""
        for fine, coarse in pairwise(TIERS):
            longer, shorter = self.of(name, fine), self.of(name, coarse)
            if shorter < longer:
                own = self.measurements.get(name or "")
                blamed = fine if own and getattr(own, coarse) is None else coarse
                raise Misfit(
                    f"{prefix}{blamed}",
                    f"{coarse} rows would go after {duration_text(shorter)}, before the {fine} "
                    f"rows that they sum up, kept {duration_text(longer)}; "
                    "keep the coarser tier at least as long",
                )
