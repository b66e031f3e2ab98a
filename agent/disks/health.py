"""How likely a disk is to fail, as one number that says why: a hint of risk, no probability.

The worst component decides, and is named. The components are those that large fleets found to
precede failures: five counters of ATA disks above zero (Backblaze 2016: 77 % of the disks that
failed, 4 % of those that did not), and growth of errors more than their level (Pinheiro et al.,
FAST'07: after a first scan error a disk is 39 times likelier to fail within 60 days). About one
failure in four comes without any of them, so 1 is no promise.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vigie.catalogue import Disk
from vigie.shape import Field, Value

WARNING_SPARE, WARNING_TEMPERATURE, WARNING_RELIABILITY, WARNING_READ_ONLY = 1, 2, 4, 8
"""Bits of `Disk.critical_warning`; those above them say that a backup of memory failed."""
HDD_CELSIUS: Final = 60.0
SSD_CELSIUS: Final = 70.0
NONE: Final = "none"

_FIVE: Final = (
    Disk.reallocated_sectors, Disk.reported_uncorrectable_total, Disk.command_timeouts_total,
    Disk.pending_sectors, Disk.offline_uncorrectable_sectors,
)  # fmt: skip
_GROWING: Final = (
    Disk.reallocated_sectors, Disk.reported_uncorrectable_total, Disk.pending_sectors,
    Disk.offline_uncorrectable_sectors, Disk.uncorrected_errors_total,
)  # fmt: skip
_FOUND: Final = (1.0, 0.7, 0.4, 0.2)
"""By how many of the five are above zero; three are as bad as more."""
_WORN: Final = ((0.8, 1.0), (1.0, 0.5), (1.2, 0.3))
"""Share of the rated writes and its component; linear between."""
WATCHED: Final = (*_GROWING, Disk.grown_defects, Disk.media_errors_total)
"""The counters whose growth matters."""


@dataclass(frozen=True, slots=True)
class Health:
    """The score, 0 to 1 and None when nothing is known; the losing component; what it saw.

    `components` has every component that could be judged, by its name in the catalogue.
    """

    ratio: float | None
    reason: str = NONE
    why: str = ""
    components: Mapping[str, float] = field(default_factory=dict)


def judge(
    values: Mapping[Field, Value], risen: Mapping[Field, int], *, rotates: bool | None = None,
    nvme: bool = False, prefail: bool = False, refused: bool | None = None,
) -> Health:  # fmt: skip
    """The health of a disk with these values.

    `risen` is by how much each counter of `WATCHED` grew in the last 30 days. An `nvme` disk's
    self-assessment is its critical warning, bit for bit, and is judged as such. `prefail`: an
    attribute that announces failure is at its threshold. `refused`: a pool has thrown it out.
    """
    found = {
        "smart_failed": _failed(values, nvme=nvme, prefail=prefail),
        "critical_warning": _warning(values),
        "pool_faulted": None if refused is None else (1.0 - refused, "a pool holds it for faulty"),
        "errors_grow": _grown(values, risen, _GROWING, 0.2),
        "errors_found": _found(values),
        "defects_grow": _grown(values, risen, (Disk.grown_defects,), 0.4),
        "media_errors_grow": _grown(values, risen, (Disk.media_errors_total,), 0.3),
        "spare_low": _spare(values),
        "endurance_used": _endurance(values),
        "temperature": _temperature(values, rotates=rotates),
    }
    known = {name: told for name, told in found.items() if told is not None}
    if not known:
        return Health(None)
    components = {name: score for name, (score, _) in known.items()}
    worst = min(components, key=lambda name: components[name])  # the first of equals
    ratio = components[worst]
    if ratio >= 1.0:
        return Health(1.0, components=components)
    return Health(ratio, worst, known[worst][1], components)


_Judged = tuple[float, str] | None


def _failed(values: Mapping[Field, Value], *, nvme: bool, prefail: bool) -> _Judged:
    passed = values.get(Disk.smart_passed)
    if prefail:
        return 0.0, "an attribute that announces failure is at its threshold"
    if nvme or passed is None:
        return None
    return (1.0, "") if passed else (0.0, "the disk says that it is failing")


def _warning(values: Mapping[Field, Value]) -> _Judged:
    bits = values.get(Disk.critical_warning)
    if not isinstance(bits, int):
        return None
    named = ", ".join(w for n, w in enumerate(Disk.critical_warning.codes) if bits >> n & 1)
    if bits & (WARNING_RELIABILITY | WARNING_READ_ONLY):
        return 0.0, named
    # Spare and temperature have components of their own.
    return (0.4, named) if bits & ~(WARNING_SPARE | WARNING_TEMPERATURE) else (1.0, "")


def _grown(
    values: Mapping[Field, Value], risen: Mapping[Field, int], fields: tuple[Field, ...],
    score: float,
) -> _Judged:  # fmt: skip
    if all(values.get(f) is None for f in fields):
        return None
    grown = [f"{f.name} +{risen[f]} in 30 days" for f in fields if risen.get(f, 0) > 0]
    return (score, ", ".join(grown)) if grown else (1.0, "")


def _found(values: Mapping[Field, Value]) -> _Judged:
    known = {f: v for f in _FIVE if isinstance(v := values.get(f), int)}
    if not known:
        return None
    above = [f"{f.name} {v}" for f, v in known.items() if v > 0]
    return _FOUND[min(len(above), len(_FOUND) - 1)], ", ".join(above)


def _spare(values: Mapping[Field, Value]) -> _Judged:
    spare, least = _number(values, Disk.spare_ratio), _number(values, Disk.spare_threshold_ratio)
    bits = values.get(Disk.critical_warning)
    if isinstance(bits, int) and bits & WARNING_SPARE:
        return 0.1, "the disk warns of it"
    if spare is None or least is None:
        return None
    low = spare <= least
    return (0.1, f"spare {spare:.2f} of at least {least:.2f}") if low else (1.0, "")


def _endurance(values: Mapping[Field, Value]) -> _Judged:
    used = _number(values, Disk.endurance_used_ratio)
    if used is None:
        return None
    score = _WORN[0][1] if used <= _WORN[0][0] else _WORN[-1][1]
    for (low, before), (high, after) in itertools.pairwise(_WORN):
        if low < used <= high:
            score = before + (after - before) * (used - low) / (high - low)
    return score, f"{used:.2f} of the rated writes are spent"


def _temperature(values: Mapping[Field, Value], *, rotates: bool | None) -> _Judged:
    degrees, bits = _number(values, Disk.temperature_celsius), values.get(Disk.critical_warning)
    if isinstance(bits, int) and bits & WARNING_TEMPERATURE:
        return 0.6, "the disk warns of it"
    if degrees is None:
        return None
    limit = HDD_CELSIUS if rotates else SSD_CELSIUS
    return (0.6, f"{degrees:.0f} °C, above {limit:.0f} °C") if degrees > limit else (1.0, "")


def _number(values: Mapping[Field, Value], field: Field) -> float | None:
    value = values.get(field)
    return float(value) if isinstance(value, int | float) else None
