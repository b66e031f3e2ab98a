"""Electricity: where it is measured, which place that is in the PUE, and what the grid is."""

from typing import Final

from vigie.shape import Measurement, bits, counter, flag, gauge, key
from vigie.units import (
    AMPERE,
    EURO_PER_JOULE,
    GRAM_PER_JOULE,
    HERTZ,
    JOULE,
    ONE,
    RATIO,
    SECOND,
    VOLT,
    VOLT_AMPERE,
    WATT,
)

WHOLE_ROLES: Final = ("site", "ups", "pdu", "it")
"""Places that stand for all that is behind them, widest first: grid meter, UPS output, rack PDU,
server input. One contains the next, so they are never added to each other (PUE categories: 30134-2
reads IT energy at `ups` for category 1, `pdu` for 2, `it` for 3)."""
SUPPLY_ROLES: Final = ("generator", "solar")
"""What feeds a place beside its grid meter: added to `site`, where a whole is wanted (30134-2)."""
PART_ROLES: Final = (
    "cooling",
    "lighting",
    "network",
    "storage",
    "auxiliary",
    "supply",
    "cpu",
    "memory",
    "gpu",
    "other",
    "heat_pump",
)
"""Places inside another: a breakdown or an attribution, never added to a whole."""
POWER_ROLES: Final = WHOLE_ROLES + SUPPLY_ROLES + PART_ROLES


class Power(Measurement, name="power", period_seconds=60, fr="Électricité", en="Power"):
    """One metering point: where power is measured, and what for."""

    # The slowest point sets the pace at which readings count as stale: a BMC, once a minute.
    # Others are read more often (`agent.energy.PERIOD_SECONDS`).

    host = key("Host that it feeds, or none.", fr="Hôte", en="Host")
    meter = key("Name of the metering point.", fr="Compteur", en="Meter")
    role = key("Its place in the PUE: one of `POWER_ROLES`.", fr="Rôle PUE", en="PUE role")
    phase = key("all, l1, l2 or l3.", fr="Phase", en="Phase")
    method = key("How it is known: meter, counter, gauge, model.", fr="Méthode", en="Method")
    power_watts = gauge(
        WATT, -1e9, 1e9, "Active power; export is negative.", fr="Puissance", en="Power"
    )
    energy_joules_total = counter(
        JOULE, "Energy taken.", high_rate=1e9, fr="Énergie", en="Energy", integer=False
    )
    energy_exported_joules_total = counter(
        JOULE,
        "Energy given back.",
        high_rate=1e9,
        fr="Énergie exportée",
        en="Energy exported",
    )
    apparent_power_voltamperes = gauge(
        VOLT_AMPERE, 0, 1e9, "Apparent power.", fr="Puissance apparente", en="Apparent power"
    )
    voltage_volts = gauge(VOLT, 0, 500_000, "Voltage.", fr="Tension", en="Voltage")
    current_amperes = gauge(AMPERE, 0, 100_000, "Current.", fr="Courant", en="Current")
    power_max_watts = gauge(
        WATT, 0, 1e9, "Highest since the reading before.", fr="Puissance de pointe", en="Peak power"
    )
    power_factor_ratio = gauge(
        RATIO, -1, 1, "Power factor.", fr="Facteur de puissance", en="Power factor"
    )
    frequency_hertz = gauge(HERTZ, 0, 100, "Frequency.", fr="Fréquence", en="Frequency")
    capacity_watts = gauge(
        WATT, 0, 1e9, "What it may draw or give.", fr="Puissance assignée", en="Capacity"
    )
    utilization_ratio = gauge(
        RATIO, 0, 2, "Load as a share of its capacity.", fr="Taux de charge", en="Load"
    )
    on_battery = flag("Feeds from its battery.", fr="Sur batterie", en="On battery")
    battery_low = flag("The battery is nearly empty.", fr="Batterie faible", en="Battery low")
    battery_charge_ratio = gauge(
        RATIO, 0, 1, "Charge of the battery.", fr="Charge batterie", en="Battery charge"
    )
    battery_runtime_seconds = gauge(
        SECOND,
        0,
        1e7,
        "How long the battery lasts at this load.",
        fr="Autonomie",
        en="Battery runtime",
    )
    energy_error_ratio = gauge(
        RATIO,
        0,
        1,
        "How wrong the energy may be because of its method, meter error left out.",
        fr="Erreur de méthode",
        en="Method error",
    )
    gap_seconds_total = counter(
        SECOND,
        "Time for which no energy could be told.",
        high_rate=1.1,
        fr="Durée sans énergie",
        en="Time without energy",
    )
    resets_total = counter(
        ONE, "Times the device began to count anew.", fr="Remises à zéro", en="Resets"
    )
    alarms = bits(
        {
            "fault": ("défaut", "fault"),
            "input_lost": ("entrée perdue", "input lost"),
            "redundancy_lost": ("redondance perdue", "redundancy lost"),
            "failure_predicted": ("panne annoncée", "failure predicted"),
            "replace_battery": ("batterie à remplacer", "replace the battery"),
            "overload": ("surcharge", "overload"),
            "bypass": ("by-pass", "bypass"),
        },
        "What the device itself complains of.",
        fr="Alarmes",
        en="Alarms",
    )


class Grid(Measurement, name="grid", period_seconds=900, fr="Réseau électrique", en="Grid"):
    """The electricity of one grid zone, as whoever feeds a site says."""

    host = key("Always none.", fr="Hôte", en="Host")
    zone = key("Code of the grid zone.", fr="Zone", en="Zone")
    carbon_grams_per_joule = gauge(
        GRAM_PER_JOULE,
        0,
        1e-3,
        "What a joule of it emits, life cycle, CO2 equivalent.",
        fr="Intensité carbone",
        en="Carbon intensity",
    )
    renewable_ratio = gauge(
        RATIO, 0, 1, "Share from renewable sources.", fr="Part renouvelable", en="Renewable share"
    )
    nuclear_ratio = gauge(
        RATIO, 0, 1, "Share from nuclear plants.", fr="Part nucléaire", en="Nuclear share"
    )
    price_euros_per_joule = gauge(
        EURO_PER_JOULE, -1e-5, 1e-5, "Day-ahead price.", fr="Prix", en="Price"
    )
