"""Carbon of electricity and of making things; what it comes to per unit of work."""

from typing import Final

from vigie.indicators.indicator import Family, Indicator
from vigie.units import GRAM, GRAM_PER_BYTE_SECOND, GRAM_PER_JOULE, GRAM_PER_SECOND, ONE, RATIO

CARBON_LOCATION: Final = Indicator(
    "carbon_location",
    GRAM,
    "scope2-location@2",
    "as energy, hour by hour; grid of the site's zone",
    "Scope 2, location-based: energy times the grid's intensity (GHG Protocol Scope 2 Guidance).",
    "Carbone (localisation)",
    "Carbon (location-based)",
)
CARBON_MARKET: Final = Indicator(
    "carbon_market",
    GRAM,
    "scope2-market@1",
    "as energy; contracts with retired certificates, the rest at the residual mix",
    "Scope 2, market-based (GHG Protocol Scope 2 Guidance).",
    "Carbone (marché)",
    "Carbon (market-based)",
)
CUE: Final = Indicator(
    "cue",
    GRAM_PER_JOULE,
    "cue@1",
    "location-based carbon of the site over IT energy (category 1)",
    "CO2e of E_DC over E_IT (EN 50600-4-8).",
    "CUE",
    "CUE",
    absolute="carbon_location",
)
CFE: Final = Indicator(
    "cfe",
    RATIO,
    "cfe-hourly@1",
    "carbon-free energy matched hour by hour, over energy",
    "Hourly carbon-free share: contracts matched each hour, the grid's share for the rest.",
    "Énergie décarbonée heure par heure",
    "Hourly carbon-free energy",
    absolute="energy_site",
)
EMBODIED: Final = Indicator(
    "embodied",
    GRAM,
    "embodied-linear@1",
    "equipment declared of the containers, spread over its life",
    "Making of the equipment, the period's share of its declared life.",
    "Carbone incorporé",
    "Embodied carbon",
)
SCI: Final = Indicator(
    "sci",
    GRAM_PER_SECOND,
    "sci@1",
    "(location-based carbon + embodied) per second of GPU served",
    "(O + M) per R, R a GPU-second that a job had (ISO/IEC 21031).",
    "SCI par GPU",
    "SCI per GPU",
    absolute="carbon_location",
)
GPU_HOUR: Final = Indicator(
    "carbon_gpu_hour",
    GRAM_PER_SECOND,
    "carbon-gpu-hour@1",
    "compute containers; idle energy is borne by the hours served",
    "CO2e of one GPU for one hour of work served, making included; parts tell use from making.",
    "CO₂e par heure-GPU",
    "CO₂e per GPU-hour",
    parts="phase",
    absolute="carbon_location",
)
TB_MONTH: Final = Indicator(
    "carbon_tb_month",
    GRAM_PER_BYTE_SECOND,
    "carbon-tb-month@1",
    "storage, over bytes of users that can be read now",
    "CO2e of keeping readable bytes, making included; erasure code and fill show up in it.",
    "CO₂e par To-mois lisible",
    "CO₂e per readable TB-month",
    parts="phase",
    absolute="carbon_location",
)
TARGET: Final = Indicator(
    "target_distance",
    ONE,
    "target-distance@1",
    "value over target, of each adopted target",
    "How far an adopted target is: value over target, less 1; none without an adopted target.",
    "Écart à l'objectif adopté",
    "Distance to adopted target",
    parts="target",
)

FAMILY: Final = Family(
    "carbon",
    "Carbone",
    "Carbon",
    (CARBON_LOCATION, CARBON_MARKET, CUE, CFE, EMBODIED, SCI, GPU_HOUR, TB_MONTH, TARGET),
)
