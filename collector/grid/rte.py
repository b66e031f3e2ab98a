"""RTE's eCO2mix, as ODRE serves it: what France produced by technology, every quarter of an hour.

The intensity is made of that mix with life-cycle factors; the field `taux_co2` counts combustion
alone, and is not used. https://odre.opendatasoft.com/explore/dataset/eco2mix-national-tr
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from collector import times
from collector.grid import web
from collector.grid.point import Point, ProviderFailed, Vintage, plausible
from collector.kpis.factors.technologies import IPCC_2014, technologies

PATH: Final = "/api/explore/v2.1/catalog/datasets/{}/records"
REAL_TIME: Final = "eco2mix-national-tr"
CONSOLIDATED: Final = "eco2mix-national-cons-def"
PAGE: Final = 100
"""The most rows that one answer has."""
PAGES: Final = 40
STEP_SECONDS: Final = 900
MOST_MEGAWATTS: Final = 200_000.0
TECHNOLOGY: Final = {
    "nucleaire": "nuclear", "gaz": "gas", "charbon": "coal", "fioul": "oil", "eolien": "wind",
    "solaire": "solar", "hydraulique": "hydro", "bioenergies": "biomass",
}  # fmt: skip
NEEDED: Final = ("nucleaire", "gaz", "eolien", "solaire", "hydraulique")
"""Without these a row says too little; `charbon` and `fioul` are often left out when they are 0."""
RENEWABLE: Final = frozenset({"wind", "solar", "hydro", "biomass"})


@dataclass(frozen=True, slots=True)
class Rte:
    """France, by what it produces."""

    root: str
    name: str = "rte"
    method: str = "rte-mix-ipcc2014@1"
    source: str = "RTE eCO2mix via ODRE; factors IPCC AR5 medians"
    licence: str = "Licence Ouverte 2.0 (RTE)"

    def knows(self, zone: str) -> bool:
        """France alone: its regions tell production, not what is used there."""
        return zone == "FR"

    def points(self, zone: str, start: datetime, end: datetime) -> Sequence[Point]:
        """Real time, replaced by consolidated values where these are out. Raises ProviderFailed."""
        found = {p.start: p for p in self._of(REAL_TIME, zone, start, end)}
        found |= {p.start: p for p in self._of(CONSOLIDATED, zone, start, end)}
        return [found[moment] for moment in sorted(found)]

    def _of(self, dataset: str, zone: str, start: datetime, end: datetime) -> list[Point]:
        made: list[Point] = []
        for page in range(PAGES):
            query = {
                "where": f"consommation IS NOT NULL AND date_heure >= '{times.written(start)}' "
                f"AND date_heure < '{times.written(end)}'",
                "order_by": "date_heure",
                "limit": str(PAGE),
                "offset": str(page * PAGE),
            }
            answer = web.ask(self.root, PATH.format(dataset), query)
            rows = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise ProviderFailed(f"{self.root}: {dataset} has no `results`")
            made += [p for row in rows if (p := point(zone, row)) is not None]
            if len(rows) < PAGE:
                break
        return [p for p in made if start <= p.start < end]


def point(zone: str, row: Any) -> Point | None:
    """What one row says; None where it says too little."""
    if not isinstance(row, dict):
        return None
    try:
        moment = datetime.fromisoformat(str(row.get("date_heure"))).astimezone(UTC)
    except ValueError:
        return None
    made: dict[str, float] = {}
    for field, technology in TECHNOLOGY.items():
        megawatts = plausible(row.get(field), -MOST_MEGAWATTS, MOST_MEGAWATTS)
        if megawatts is None and field in NEEDED:
            return None
        made[technology] = max(0.0, megawatts or 0.0)  # at night solar panels take a little
    total = sum(made.values())
    if not total:
        return None
    return Point(
        zone, moment, STEP_SECONDS, _grams(made) / total,
        sum(made[t] for t in RENEWABLE) / total, made["nuclear"] / total, _vintage(row),
    )  # fmt: skip


def _grams(made: Mapping[str, float]) -> float:
    known = technologies(IPCC_2014)
    return sum(amount * known[technology] for technology, amount in made.items())


def _vintage(row: Mapping[str, Any]) -> Vintage:
    nature = str(row.get("nature", "")).lower()
    if "définitives" in nature or "definitives" in nature:
        return Vintage.DEFINITIVE
    return Vintage.CONSOLIDATED if "consolid" in nature else Vintage.REAL_TIME
