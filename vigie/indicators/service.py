"""What is served, to whom, how well, and what it costs."""

from typing import Final

from vigie.indicators.indicator import Family, Indicator
from vigie.units import EURO, EURO_PER_BYTE_SECOND, EURO_PER_SECOND, RATIO, SECOND


def _occupancy(name: str, of: str, fr: str) -> Indicator:
    return Indicator(
        f"occupancy_{name}",
        RATIO,
        "occupancy@1",
        f"GPU time served over GPU time {of}",
        f"Share of the GPU capacity {of} that jobs had.",
        f"Occupation {fr}",
        f"Occupancy of capacity {of}",
        absolute="gpu_hours_served",
    )


def _hours(name: str, fr: str, en: str) -> Indicator:
    return Indicator(
        f"gpu_hours_{name}",
        SECOND,
        f"gpu-hours-{name}@1",
        "queues of the scope",
        f"GPU time {en} in the period.",
        f"Heures-GPU {fr}",
        f"GPU-hours {en}",
        parts="tenant",
    )


OCCUPANCY_INSTALLED: Final = _occupancy("installed", "installed", "de la capacité installée")
OCCUPANCY_CONTRACTED: Final = _occupancy("contracted", "contracted", "de la capacité contractée")
OCCUPANCY_PAID: Final = _occupancy("paid", "paid for", "de la capacité payée")
HOURS_ASKED: Final = _hours("asked", "demandées", "asked")
HOURS_SERVED: Final = _hours("served", "servies", "served")
HOURS_REFUSED: Final = _hours("refused", "refusées", "refused")
WAIT: Final = Indicator(
    "queue_wait",
    SECOND,
    "queue-wait@1",
    "jobs begun in the period",
    "Mean time that a job begun had waited.",
    "Attente moyenne",
    "Mean queue wait",
)
LOCAL: Final = Indicator(
    "local_jobs_share",
    RATIO,
    "local-jobs@1",
    "GPU time of tenants whose home is the site, over all served",
    "Share of work for the place's own public.",
    "Part des travaux locaux",
    "Local jobs share",
    absolute="gpu_hours_served",
)
READABILITY: Final = Indicator(
    "data_readability",
    RATIO,
    "data-readability@1",
    "objects with k live fragments or more, over all objects",
    "Share of stored objects that can be rebuilt now.",
    "Données lisibles",
    "Data readability",
)
AVAILABILITY: Final = Indicator(
    "availability",
    RATIO,
    "availability@1",
    "time with readings over time in service, planned maintenance apart",
    "Share of the time in service in which the container worked; maintenance is told apart.",
    "Disponibilité",
    "Availability",
    parts="cause",
)
REPAIR_TIME: Final = Indicator(
    "repair_time",
    SECOND,
    "repair-time@1",
    "alerts of priority 1 and 2 that ended in the period",
    "Mean time from the begin of a serious alert to its end.",
    "Temps de réparation",
    "Repair time",
)
COST: Final = Indicator(
    "cost",
    EURO,
    "cost-full@1",
    "purchase or rent spread over the period, yearly costs, electricity",
    "Full cost of the period.",
    "Coût complet",
    "Full cost",
    parts="kind",
    finance=True,
)
COST_GPU_HOUR: Final = Indicator(
    "cost_gpu_hour",
    EURO_PER_SECOND,
    "cost-gpu-hour@1",
    "compute share of the full cost over GPU time served",
    "Full cost of one GPU-hour delivered.",
    "Coût de l'heure-GPU servie",
    "Cost per GPU-hour served",
    absolute="cost",
    finance=True,
)
COST_TB_MONTH: Final = Indicator(
    "cost_tb_month",
    EURO_PER_BYTE_SECOND,
    "cost-tb-month@1",
    "storage share of the full cost over readable bytes of users",
    "Full cost of one terabyte kept readable for a month.",
    "Coût du To-mois lisible",
    "Cost per readable TB-month",
    absolute="cost",
    finance=True,
)
COST_IDLE: Final = Indicator(
    "cost_idleness",
    EURO,
    "cost-idleness@1",
    "compute share of the full cost times capacity not served",
    "What capacity cost that nobody used.",
    "Coût de l'inoccupation",
    "Cost of idleness",
    finance=True,
)

FAMILY: Final = Family(
    "service",
    "Service",
    "Service",
    (
        OCCUPANCY_INSTALLED, OCCUPANCY_CONTRACTED, OCCUPANCY_PAID, HOURS_ASKED, HOURS_SERVED,
        HOURS_REFUSED, WAIT, LOCAL, READABILITY, AVAILABILITY, REPAIR_TIME,
    ),
)  # fmt: skip
COSTS: Final = Family(
    "cost", "Coûts", "Cost", (COST, COST_GPU_HOUR, COST_TB_MONTH, COST_IDLE)
)  # fmt: skip
