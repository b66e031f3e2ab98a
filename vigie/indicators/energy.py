"""Energy, heat and water of a place. Formulas: EN 50600-4-2 to -9 and ISO/IEC 30134."""

from typing import Final

from vigie.indicators.indicator import Family, Indicator
from vigie.units import CUBIC_METER, CUBIC_METER_PER_JOULE, JOULE, ONE, RATIO, WATT

POWER: Final = Indicator(
    "power",
    WATT,
    "power-latest@1",
    "meters of role it, or the widest role above it",
    "Active power now: the newest fresh reading of each top-level meter, summed.",
    "Puissance",
    "Power",
)
ENERGY: Final = Indicator(
    "energy",
    JOULE,
    "energy-counter@1",
    "meters of role it, or the widest role above it",
    "Energy over the period: counter increase where a counter exists, else the integral of power.",
    "Énergie",
    "Energy",
)
ENERGY_SITE: Final = Indicator(
    "energy_site",
    JOULE,
    "energy-site@1",
    "role site, with generator and solar, less what is exported",
    "E_DC: all energy that entered the place (EN 50600-4-2).",
    "Énergie du site",
    "Site energy",
)
ENERGY_IT: Final = Indicator(
    "energy_it",
    JOULE,
    "energy-it@1",
    "role ups (category 1), else pdu (2), else it (3)",
    "E_IT: energy of the IT equipment, at the category that every place measured has.",
    "Énergie informatique",
    "IT energy",
)
PUE: Final = Indicator(
    "pue",
    ONE,
    "pue@1",
    "site over IT, of the category named",
    "E_DC over E_IT; under 12 months it is interim (EN 50600-4-2).",
    "PUE",
    "PUE",
    absolute="energy_site",
)
PPUE: Final = Indicator(
    "ppue",
    ONE,
    "ppue@1",
    "IT and cooling of the part over its IT",
    "Partial PUE: (E_IT + E_cooling) over E_IT where the place as a whole has no meter.",
    "PUE partiel",
    "Partial PUE",
    absolute="energy_it",
)
REF: Final = Indicator(
    "ref",
    RATIO,
    "ref@1",
    "renewable energy owned and retired, over site energy",
    "E_RES over E_DC: guarantees, PPAs and on site, certificates retired (EN 50600-4-3).",
    "Part d'énergie renouvelable (REF)",
    "Renewable energy factor (REF)",
    absolute="energy_site",
)
NUCLEAR: Final = Indicator(
    "nuclear_share",
    RATIO,
    "nuclear-share@1",
    "nuclear energy over site energy",
    "Share of nuclear plants, by contract where one says, else by the grid's mix.",
    "Part nucléaire",
    "Nuclear share",
    absolute="energy_site",
)
ERF: Final = Indicator(
    "erf",
    RATIO,
    "erf@1",
    "heat handed over outside, over site energy",
    "E_REUSE over E_DC, less heat that cools the place itself (EN 50600-4-6).",
    "Part d'énergie réutilisée (ERF)",
    "Energy reuse factor (ERF)",
    absolute="heat_reused",
)
ERE: Final = Indicator(
    "ere",
    ONE,
    "ere@1",
    "site energy less heat handed over, over IT energy",
    "(E_DC - E_REUSE) over E_IT; it may be under 1 and is no PUE (Green Grid).",
    "ERE",
    "ERE",
    absolute="heat_reused",
)
HEAT_REUSED: Final = Indicator(
    "heat_reused",
    JOULE,
    "heat-reused@1",
    "heat meters of role reused, less cooling_own",
    "Heat handed over outside the place.",
    "Chaleur livrée",
    "Heat delivered",
)
CER: Final = Indicator(
    "cer",
    ONE,
    "cer@1",
    "heat removed over electricity of cooling",
    "Q_removed over E_cooling (EN 50600-4-7).",
    "Efficacité du refroidissement (CER)",
    "Cooling efficiency (CER)",
    absolute="energy_cooling",
)
ENERGY_COOLING: Final = Indicator(
    "energy_cooling",
    JOULE,
    "energy-cooling@1",
    "meters of role cooling",
    "Electricity of cooling.",
    "Énergie de refroidissement",
    "Cooling energy",
)
WATER_WITHDRAWN: Final = Indicator(
    "water_withdrawn",
    CUBIC_METER,
    "water-withdrawn@1",
    "water meters of role withdrawn",
    "All water that entered the place, river water included.",
    "Eau prélevée",
    "Water withdrawn",
)
WATER_CONSUMED: Final = Indicator(
    "water_consumed",
    CUBIC_METER,
    "water-consumed@1",
    "water meters of role consumed, else withdrawn less returned",
    "Water that does not go back to where it came from.",
    "Eau consommée",
    "Water consumed",
)
WUE: Final = Indicator(
    "wue",
    CUBIC_METER_PER_JOULE,
    "wue@1",
    "water withdrawn over IT energy (category 2)",
    "W_IN over E_IT (EN 50600-4-9).",
    "WUE",
    "WUE",
    absolute="water_withdrawn",
)
WUE_SOURCE: Final = Indicator(
    "wue_source",
    CUBIC_METER_PER_JOULE,
    "wue-source@1",
    "water consumed here and for the electricity, over IT energy",
    "(W consumed + E_DC x water of the grid) over E_IT (Green Grid; factors: WRI).",
    "WUE source",
    "WUE source",
    absolute="water_consumed",
)
PERMIT_HEADROOM: Final = Indicator(
    "permit_headroom",
    RATIO,
    "permit-headroom@1",
    "the limit that is nearest, of all permits of the site",
    "What is left of a permit: 1 - use over limit, the least over withdrawal, warming, discharge.",
    "Marge sur autorisation",
    "Permit headroom",
    parts="limit",
    absolute="water_withdrawn",
)
IDLE_ENERGY: Final = Indicator(
    "idle_energy_share",
    RATIO,
    "idle-energy@1",
    "energy of GPUs with nothing to do over energy of all GPUs",
    "Share of GPU energy spent while its kernel activity was under 1 %.",
    "Part d'énergie à vide",
    "Idle energy share",
    absolute="energy_it",
)
GPU_USE: Final = Indicator(
    "gpu_effective_use",
    RATIO,
    "gpu-effective-use@1",
    "SM activity, mean over GPUs and time",
    "Mean share of SM cycles with work, of the GPUs that tell it (not driver utilisation).",
    "Usage effectif des GPU",
    "GPU effective use",
    absolute="gpu_hours_served",
)

FAMILY: Final = Family(
    "energy",
    "Énergie, chaleur et eau",
    "Energy, heat and water",
    (
        POWER, ENERGY, ENERGY_SITE, ENERGY_IT, PUE, PPUE, REF, NUCLEAR, ERF, ERE, HEAT_REUSED, CER,
        ENERGY_COOLING, WATER_WITHDRAWN, WATER_CONSUMED, WUE, WUE_SOURCE, PERMIT_HEADROOM,
        IDLE_ENERGY, GPU_USE,
    ),
)  # fmt: skip
