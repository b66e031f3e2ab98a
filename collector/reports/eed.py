"""The yearly report of one data centre: all fields of Regulation (EU) 2024/1364, Annexes I to III.

One report per physical location. What is not known says why; nothing simulated is ever reported.
Pure: it is made of the facts of the site and of the calendar year, in its legal time.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from collector.kpis.energy import loads
from collector.kpis.facts import Facts, Plant
from collector.kpis.made import Made, unknown
from collector.kpis.methods import METHODS
from collector.kpis.reasons import Reason
from collector.kpis.supply.covers import Covers, covers
from collector.reports.entry import Cell, Entry, computed, fields, stated
from vigie.errors import Refused
from vigie.network.contracts import EnergyContract
from vigie.network.places import Registration, Site
from vigie.units import JOULES_PER_KWH

WATTS_PER_KILOWATT: Final = 1e3
JOULES_PER_MWH: Final = 1e3 * JOULES_PER_KWH
BYTES_PER_GIGABYTE: Final = 1e9
BYTES_PER_PETABYTE: Final = 1e15
BYTES_PER_EXABYTE: Final = 1e18

Make = Callable[[Facts, Site], Entry]


def record(facts: Facts, site: Site) -> dict[str, Entry]:
    """Every field by code, in the order of the regulation.

    Raises:
        Refused: 409, a row of it is simulated, or there is nothing in service there.
    """
    if site.simulated or any(plant.simulated for plant in facts.plants):
        raise Refused(409, f"{site.id} is simulated: no legal report is made of what a twin says")
    if not facts.plants:
        raise Refused(409, f"{site.id} has no container in service: there is nothing to report")
    return {field.code: MAKERS[field.code](facts, site) for field in fields()}


def kpi(facts: Facts, name: str) -> Made:
    """One indicator over the facts."""
    method = next(m for m in METHODS if m.indicator.name == name)
    return method.make(facts)


def _kpi(name: str, divisor: float, note: str = "") -> Make:
    return lambda facts, _: computed(kpi(facts, name), divisor, f"kpi {name}", note)


def _registered(read: Callable[[Registration], Cell], name: str) -> Make:
    missing = (
        f"non déclaré : compléter registration.{name} du site",
        f"not declared: fill in registration.{name} of the site",
    )

    def make(_: Facts, site: Site) -> Entry:
        return stated(read(site.registration), f"network {site.id}.{name}", missing=missing)

    return make


def _owner(facts: Facts, site: Site) -> Entry:
    """Both, each by the name of its organisation; contacts stand in the network."""
    parts = []
    for role, key in (("owner", site.owner), ("operator", site.operator)):
        found = facts.network.organisation(key) if key else None
        if found is None:
            return Entry(None, (f"{role} non déclaré", f"{role} not declared"))
        parts.append(f"{role}: {found.name}")
    contacts = "; ".join(f"{c.role}: {c.name} {c.reach}".strip() for c in site.contacts)
    if not contacts:
        return Entry(None, ("aucun contact déclaré", "no contact declared"))
    return Entry("; ".join([*parts, contacts]), source=f"network {site.id}", quality="declared")


def _type(_: Facts, site: Site) -> Entry:
    told = site.registration
    both = f"{told.type}, {told.structure}" if told.type and told.structure else None
    missing = ("type ou structure non déclarés", "type or structure not declared")
    return stated(both, f"network {site.id}", missing=missing)


def _rated(facts: Facts, site: Site) -> Entry:
    """The rated load of the containers, as declared: nameplates of equipment are not known."""
    told = [plant.container.capacity.power_watts for plant in facts.plants]
    if any(watts is None for watts in told):
        lacking = next(
            p.container.path for p in facts.plants if p.container.capacity.power_watts is None
        )
        return Entry(None, (f"puissance non déclarée pour {lacking}",
                            f"power not declared for {lacking}"))  # fmt: skip
    total = sum(watts or 0.0 for watts in told) / WATTS_PER_KILOWATT
    return Entry(
        total, source=f"network {site.id}", quality="declared",
        note="rated load of the containers; the nominal demand of each piece is not known",
    )  # fmt: skip


def _role(facts: Facts, role: str, medium: str, divisor: float, reason: Reason) -> Entry:
    """The sum of the meters of one role."""
    total, seen = 0.0, []
    for plant in facts.plants:
        metered = plant.energy if medium == "energy" else plant.water
        value = metered[role].total if role in metered else None
        if value is not None:
            total += value
            seen.append(plant.container.path)
    if not seen:
        return computed(unknown(reason), divisor, "")
    return Entry(
        total / divisor, source=f"meters of role {role}: {', '.join(seen)}", quality="measured",
        coverage=len(seen) / len(facts.plants),
    )  # fmt: skip


def _bought(facts: Facts, kind: str) -> Entry:
    """Renewable energy of contracts whose certificates were retired."""

    def counts(contract: EnergyContract) -> bool:
        return contract.kind == kind and contract.technology != "nuclear"

    total = 0.0
    ids: list[str] = []
    void: list[str] = []
    for load in loads.loads(facts):
        if load is None or load.role != loads.SITE:
            return computed(unknown(Reason.NO_SITE_METER), JOULES_PER_KWH, "")
        own: Covers = covers(facts, load.plant)
        share = own.share(counts, facts.hours)
        total += float(np.nansum(load.imported.amount * share))
        ids += own.ids(counts)
        void += [c.id for c in own.void if counts(c)]
    note = f"not counted, no retired certificate: {', '.join(sorted(set(void)))}" if void else ""
    return Entry(total / JOULES_PER_KWH, source="; ".join(sorted(set(ids))) or "no such contract",
                 quality="derived", note=note)  # fmt: skip


def _on_site(facts: Facts, _: Site) -> Entry:
    found = _role(facts, "solar", "energy", JOULES_PER_KWH, Reason.NO_METER)
    return found if found.told else Entry(0.0, source="no meter of role solar is declared",
                                          quality="declared")  # fmt: skip


def _renewable(facts: Facts, site: Site) -> Entry:
    parts = [_bought(facts, "guarantees"), _bought(facts, "ppa"), _on_site(facts, site)]
    lacking = next((part for part in parts if not part.told), None)
    if lacking is not None:
        return lacking
    total = sum(float(part.value or 0) for part in parts)
    return Entry(total, source="E_RES_GOO + E_RES_PPA + E_RES_OS", quality="derived")


def _storage(facts: Facts, _: Site) -> Entry:
    told = [plant.container.capacity.storage_bytes for plant in facts.plants]
    if all(size is None for size in told):
        return Entry(None, ("capacité de stockage non déclarée", "storage capacity not declared"))
    total = sum(size or 0 for size in told) / BYTES_PER_PETABYTE
    return Entry(total, source="network capacity.storage_bytes", quality="declared")


def _lines(facts: Facts, pick: Callable[[Plant], list[float | None]], divisor: float) -> Entry:
    told = [value for plant in facts.plants for value in pick(plant)]
    if not told or any(value is None for value in told):
        return Entry(None, ("aucune mesure de toutes les liaisons", "not all lines are measured"))
    total = sum(value or 0.0 for value in told)
    return Entry(total / divisor, source="link readings", quality="measured")


def _never(french: str, english: str) -> Make:
    return lambda *_: Entry(None, (french, english))


def _days(_: Facts, site: Site) -> Entry:
    return stated(
        site.registration.cooling_degree_days, f"network {site.id}",
        missing=("degrés-jours de froid non renseignés", "cooling degree days not filled in"),
    )  # fmt: skip


def _site(read: Callable[[Site], Cell], name: str) -> Make:
    return lambda _, site: stated(
        read(site), f"network {site.id}.{name}", missing=("non déclaré", "not declared")
    )


def _list(words: tuple[str, ...] | None) -> Cell:
    return None if words is None else ", ".join(words) or "none"


def _kilowatts(watts: float | None) -> Cell:
    return None if watts is None else watts / WATTS_PER_KILOWATT


_REGISTERED: Final[Mapping[str, tuple[str, Callable[[Registration], Cell]]]] = {
    "DC_LAU": ("lau", lambda r: r.lau),
    "DC_START": ("started", lambda r: r.started),
    "RED_EL_HV": ("redundancy_high_voltage", lambda r: r.redundancy_high_voltage),
    "RED_EL_LV": ("redundancy_low_voltage", lambda r: r.redundancy_low_voltage),
    "RED_EL_RACK": ("redundancy_rack", lambda r: r.redundancy_rack),
    "RED_COOL_ROOM": ("redundancy_cooling_room", lambda r: r.redundancy_cooling_room),
    "RED_COOL_RACK": ("redundancy_cooling_rack", lambda r: r.redundancy_cooling_rack),
    "S_DC": ("floor_square_meters", lambda r: r.floor_square_meters),
    "S_CR": ("computer_room_square_meters", lambda r: r.computer_room_square_meters),
    "GRID_FUNC": ("grid_functions", lambda r: r.grid_functions),
    "C_BTG": ("battery_offered_watts", lambda r: _kilowatts(r.battery_offered_watts)),
    "T_IN_AIR": ("intake_setpoint_celsius", lambda r: r.intake_setpoint_celsius),
    "REFRIG": ("refrigerants", lambda r: _list(r.refrigerants)),
    "C_SERV": ("server_capacity", lambda r: r.server_capacity),
}

MAKERS: Final[Mapping[str, Make]] = {
    **{code: _registered(read, name) for code, (name, read) in _REGISTERED.items()},
    "DC_NAME": _site(lambda site: site.name, "name"),
    "DC_OWNER_OPERATOR": _owner,
    "DC_TYPE": _type,
    "PD_IT": _rated,
    "E_DC": _kpi("energy_site", JOULES_PER_KWH),
    "E_DC_BG": lambda facts, _: _role(facts, "generator", "energy", JOULES_PER_KWH,
                                      Reason.NO_METER),
    "E_IT": _kpi("energy_it", JOULES_PER_KWH),
    "W_IN": _kpi("water_withdrawn", 1.0, "category 2: all water that enters"),
    "W_IN_POT": lambda facts, _: _role(facts, "potable", "water", 1.0, Reason.NO_WATER_METER),
    "E_REUSE": _kpi("heat_reused", JOULES_PER_KWH),
    "T_WH": _never("la température moyenne annuelle de la chaleur fatale n'est pas encore calculée",
                   "the yearly mean temperature of waste heat is not computed yet"),
    "CDD": _days,
    "E_RES_TOT": _renewable,
    "E_RES_GOO": lambda facts, _: _bought(facts, "guarantees"),
    "E_RES_PPA": lambda facts, _: _bought(facts, "ppa"),
    "E_RES_OS": _on_site,
    "C_STOR": _storage,
    "B_IN": lambda facts, _: _lines(facts, lambda p: [line.capacity for line in p.lines],
                                    BYTES_PER_GIGABYTE),
    "B_OUT": lambda facts, _: _lines(facts, lambda p: [line.capacity for line in p.lines],
                                     BYTES_PER_GIGABYTE),
    "TR_IN": lambda facts, _: _lines(facts, lambda p: [line.received for line in p.lines],
                                     BYTES_PER_EXABYTE),
    "TR_OUT": lambda facts, _: _lines(facts, lambda p: [line.sent for line in p.lines],
                                      BYTES_PER_EXABYTE),
    "PUE": _kpi("pue", 1.0),
    "WUE": _kpi("wue", 1.0 / JOULES_PER_MWH),
    "ERF": _kpi("erf", 1.0),
    "REF": _kpi("ref", 1.0),
}  # fmt: skip
