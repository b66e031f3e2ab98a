"""What is asked as field values, and how: quantities of the catalogue, each with its ways.

Numbers are those of NVML_FI_* in nvml.h. Each quantity has one or more ways to be asked; the first
way that the driver does not refuse is used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from vigie.catalogue import Gpu
from vigie.shape import Field
from vigie.units import (
    BYTES_PER_KIBIBYTE,
    JOULES_PER_MILLIJOULE,
    SECONDS_PER_NANOSECOND,
    WATTS_PER_MILLIWATT,
)

ALL_LINKS: Final = 2**32 - 1
MODULE: Final = 1
"""The scope of a power field that means the whole module, not the GPU alone."""
MAX_LINKS: Final = 18


@dataclass(frozen=True, slots=True)
class Query:
    """One field of `nvmlFieldValue_t`: its number (NVML_FI_*), and of which part of the GPU."""

    number: int
    scope: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """Queries whose values are added, and the factor that makes the base unit of the sum."""

    queries: tuple[Query, ...]
    factor: float = 1


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """One field of the catalogue, and how it is asked, best way first.

    `zero` is False where this driver says 0 for what it does not know.
    """

    field: Field
    ways: tuple[Way, ...]
    zero: bool = True


def _one(number: int, factor: float = 1, scope: int = 0) -> Way:
    return Way((Query(number, scope),), factor)


def _sum(*numbers: int, factor: float = 1, scopes: Iterable[int] = (0,)) -> Way:
    return Way(tuple(Query(n, s) for s in scopes for n in numbers), factor)


LINK_COUNT: Final = Query(91)
ECC_MODE: Final = Query(1)
QUANTITIES: Final[tuple[Quantity, ...]] = (
    Quantity(Gpu.energy_joules_total, (_one(83, JOULES_PER_MILLIJOULE),), zero=False),
    Quantity(Gpu.power_watts, (_one(185, WATTS_PER_MILLIWATT),), zero=False),
    Quantity(Gpu.power_instant_watts, (_one(186, WATTS_PER_MILLIWATT),), zero=False),
    Quantity(Gpu.module_power_watts, (_one(185, WATTS_PER_MILLIWATT, MODULE),), zero=False),
    Quantity(Gpu.power_limit_watts, (_one(190, WATTS_PER_MILLIWATT),), zero=False),
    Quantity(Gpu.memory_temperature_celsius, (_one(82),), zero=False),
    Quantity(Gpu.throttle_power_seconds_total, (_one(74, SECONDS_PER_NANOSECOND),)),
    Quantity(
        Gpu.throttle_thermal_seconds_total,
        (_one(75, SECONDS_PER_NANOSECOND), _sum(269, 270, factor=SECONDS_PER_NANOSECOND)),
    ),
    Quantity(Gpu.throttle_hardware_seconds_total, (_sum(270, 271, factor=SECONDS_PER_NANOSECOND),)),
    Quantity(Gpu.ecc_corrected_total, (_one(3),)),
    Quantity(Gpu.ecc_uncorrected_total, (_one(4),)),
    Quantity(Gpu.ecc_corrected_lifetime_total, (_one(5),)),
    Quantity(Gpu.ecc_uncorrected_lifetime_total, (_one(6),)),
    Quantity(Gpu.rows_remapped_corrected_total, (_one(142),)),
    Quantity(Gpu.rows_remapped_uncorrected_total, (_one(143),)),
    Quantity(Gpu.row_remap_pending, (_one(144),)),
    Quantity(Gpu.row_remap_failed, (_one(145),)),
    Quantity(Gpu.recovery_action, (_one(230),)),
    Quantity(Gpu.pcie_transmit_bytes_total, (_one(197),), zero=False),
    Quantity(Gpu.pcie_receive_bytes_total, (_one(198),), zero=False),
    Quantity(Gpu.pcie_replays_total, (_one(94),)),
)
NVLINK: Final[tuple[Quantity, ...]] = (
    Quantity(Gpu.nvlink_transmit_bytes_total, (_one(138, BYTES_PER_KIBIBYTE, ALL_LINKS),)),
    Quantity(Gpu.nvlink_receive_bytes_total, (_one(139, BYTES_PER_KIBIBYTE, ALL_LINKS),)),
    Quantity(Gpu.nvlink_errors_total, (_sum(161, 162, 163, scopes=(ALL_LINKS,)),)),
)
NVLINK_5: Final[tuple[Quantity, ...]] = (
    Quantity(Gpu.nvlink_transmit_bytes_total, (_one(202, 1, ALL_LINKS),)),
    Quantity(Gpu.nvlink_receive_bytes_total, (_one(204, 1, ALL_LINKS),)),
    Quantity(Gpu.nvlink_errors_total, (_sum(208, 215, scopes=(ALL_LINKS,)),)),
)
"""Blackwell took 161 to 163 away; its counters are never asked in one call with ECC fields, which
broke both (NVIDIA/dcgm-exporter issue 581)."""


@cache
def of_links(count: int) -> tuple[Quantity, ...]:
    """The NVLink quantities of a GPU with so many links; errors link by link if need be."""
    each = _sum(161, 162, 163, scopes=range(min(count, MAX_LINKS)))
    *bytes_, errors = NVLINK
    return (*bytes_, Quantity(errors.field, (*errors.ways, each)))
