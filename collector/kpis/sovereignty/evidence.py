"""What Vigie can say to each objective of the EU Cloud Sovereignty Framework.

Figures and declarations, never a level or a score: those are for whoever assesses, from documents
that Vigie does not see. The weights stand in two published versions, because they differ.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from vigie.indicators import carbon, energy
from vigie.indicators import sovereignty as s

STATEMENT: Final[Mapping[str, str]] = {
    "fr": "élément de preuve, pas une évaluation",
    "en": "evidence, not an assessment",
}
SOURCE: Final = (
    "European Commission, Cloud Sovereignty Framework v1.2.1 (20 October 2025) and its calculator "
    "of 1 June 2026 (by a single transcription, not checked against the original)"
)
SPEAKS: Final[Mapping[str, tuple[str, ...]]] = {
    "SOV-1": (),
    "SOV-2": tuple(i.name for i in (s.S13, s.S4, s.S5, s.S6, s.S7, s.S9, s.S10)),
    "SOV-3": tuple(i.name for i in (s.S1, s.S2, s.S3, s.S6, s.S8, s.S15, s.S19, s.S20)),
    "SOV-4": tuple(i.name for i in (s.S14, s.S16, s.S17, s.S11)),
    "SOV-5": tuple(i.name for i in (s.S18, s.S12)),
    "SOV-6": (),
    "SOV-7": (),
    "SOV-8": tuple(
        i.name
        for family in (energy.FAMILY, carbon.FAMILY)
        for i in family.indicators
        if i.name in {"pue", "ref", "erf", "wue", "cue", "carbon_location", "carbon_market"}
    ),
}
"""Indicators by objective; one without any is a matter of declarations alone."""
DECLARED: Final[Mapping[str, tuple[str, ...]]] = {
    "SOV-3": ("deletion_receipts",),
    "SOV-4": ("disconnect_drill", "exit_drill", "home_sessions"),
    "SOV-5": ("home_firmware",),
    "SOV-6": ("open_manifests", "open_licence"),
}
"""Kinds of declared evidence by objective."""
QUALIFIED: Final = "SOV-7"
"""The objective to which certificates speak."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """An objective with its weight in percent, by version of the framework."""

    id: str
    name: str
    weights: Mapping[str, float]


@cache
def objectives() -> tuple[Weighted, ...]:
    """Those of factors/csf_weights.csv."""
    text = files("collector.kpis.factors").joinpath("csf_weights.csv").read_text("utf-8")
    return tuple(
        Weighted(
            row["objective"],
            row["name"],
            {
                "v1.2.1 (2025-10-20)": float(row["weight_v1_2_1_oct2025"]),
                "calculator (2026-06-01)": float(row["weight_calculator_2026_06_01"]),
            },
        )
        for row in csv.DictReader(text.splitlines())
    )


def wanted() -> tuple[str, ...]:
    """Every indicator that speaks to any objective, each once."""
    return tuple(dict.fromkeys(name for names in SPEAKS.values() for name in names))
