"""Heat, water and air: what cools, where it goes, and how warm it is."""

from typing import Final

from vigie.shape import Measurement, bits, counter, flag, gauge, key
from vigie.units import (
    CELSIUS,
    CUBIC_METER,
    CUBIC_METER_PER_SECOND,
    JOULE,
    PASCAL,
    RATIO,
    REVOLUTION_PER_MINUTE,
    WATT,
)

COOLING_KINDS: Final = (
    "air",
    "crac",
    "cdu",
    "immersion",
    "river",
    "dry_cooler",
    "heat_reuse",
    "rear_door",
)
WATER_ROLES: Final = ("withdrawn", "potable", "returned", "consumed")
"""What enters, its drinkable part, what goes back to where it came from, and what is lost. All
water that enters is `withdrawn`; river water that goes back is `returned` too, and not consumed."""
HEAT_ROLES: Final = ("removed", "reused", "cooling_own", "rejected")
"""What cooling carries off, what is handed over outside, the part of that which cools the place
itself (an absorption chiller), and what goes to air or river."""


class Cooling(Measurement, name="cooling", period_seconds=30, fr="Refroidissement", en="Cooling"):
    """One part that moves heat: fan, pump, loop."""

    host = key("Host that it cools, or none.", fr="Hôte", en="Host")
    component = key("Name of the part.", fr="Composant", en="Component")
    kind = key("One of `COOLING_KINDS`.", fr="Genre", en="Kind")
    fan_speed_rpm = gauge(
        REVOLUTION_PER_MINUTE, 0, 50_000, "Speed of the fan.", fr="Ventilateur", en="Fan speed"
    )
    speed_ratio = gauge(RATIO, 0, 1, "Speed as a share of its greatest.", fr="Vitesse", en="Speed")
    running = flag("It turns.", fr="En marche", en="Running")
    supply_temperature_celsius = gauge(
        CELSIUS, -30, 100, "Of what it gives.", fr="Température de départ", en="Supply temperature"
    )
    return_temperature_celsius = gauge(
        CELSIUS,
        -30,
        100,
        "Of what comes back.",
        fr="Température de retour",
        en="Return temperature",
    )
    pressure_pascals = gauge(PASCAL, 0, 2e6, "Pressure.", fr="Pression", en="Pressure")
    power_watts = gauge(WATT, 0, 1e9, "Electric power that it draws.", fr="Puissance", en="Power")
    heat_watts = gauge(WATT, 0, 1e9, "Heat that it carries.", fr="Chaleur", en="Heat")
    alarms = bits(
        {
            "fault": ("défaut", "fault"),
            "low": ("trop bas", "low"),
            "high": ("trop haut", "high"),
            "redundancy_lost": ("redondance perdue", "redundancy lost"),
            "leak": ("fuite", "leak"),
        },
        "What the device itself complains of.",
        fr="Alarmes",
        en="Alarms",
    )
    setpoint_celsius = gauge(
        CELSIUS, -30, 100, "What it is told to give.", fr="Consigne", en="Setpoint"
    )
    flow_cubic_meters_per_second = gauge(
        CUBIC_METER_PER_SECOND, 0, 100, "Flow of its fluid.", fr="Débit", en="Flow"
    )
    energy_joules_total = counter(
        JOULE,
        "Electricity that it took.",
        high_rate=1e9,
        fr="Énergie",
        en="Energy",
        integer=False,
    )
    level_ratio = gauge(RATIO, 0, 1, "Fluid in its tank.", fr="Niveau", en="Level")
    moisture_ratio = gauge(
        RATIO, 0, 1, "Water in its oil, by mass.", fr="Humidité de l'huile", en="Oil moisture"
    )
    dew_point_margin_celsius = gauge(
        CELSIUS,
        -60,
        100,
        "Its fluid above the dew point of the room.",
        fr="Marge au point de rosée",
        en="Dew-point margin",
    )


class Water(Measurement, name="water", period_seconds=60, fr="Eau", en="Water"):
    """One water meter."""

    host = key("Host that it serves, or none.", fr="Hôte", en="Host")
    meter = key("Name of the meter.", fr="Compteur", en="Meter")
    role = key("What it counts: one of `WATER_ROLES`.", fr="Rôle", en="Role")
    volume_cubic_meters_total = counter(
        CUBIC_METER, "Water that went through.", high_rate=100, fr="Volume", en="Volume"
    )
    flow_cubic_meters_per_second = gauge(
        CUBIC_METER_PER_SECOND, 0, 100, "Flow.", fr="Débit", en="Flow"
    )
    temperature_celsius = gauge(CELSIUS, -5, 100, "Its warmth.", fr="Température", en="Temperature")


class Heat(Measurement, name="heat", period_seconds=60, fr="Chaleur", en="Heat"):
    """One heat meter: what a fluid carries past a point."""

    host = key("Host that it serves, or none.", fr="Hôte", en="Host")
    meter = key("Name of the meter.", fr="Compteur", en="Meter")
    role = key("Where that heat goes: one of `HEAT_ROLES`.", fr="Rôle", en="Role")
    heat_watts = gauge(WATT, 0, 1e10, "Heat that passes.", fr="Puissance thermique", en="Heat")
    energy_joules_total = counter(
        JOULE,
        "Heat that has passed.",
        high_rate=1e10,
        fr="Énergie thermique",
        en="Heat energy",
        integer=False,
    )
    flow_cubic_meters_per_second = gauge(
        CUBIC_METER_PER_SECOND, 0, 100, "Flow of the fluid.", fr="Débit", en="Flow"
    )
    supply_temperature_celsius = gauge(
        CELSIUS, -30, 150, "Of what comes warm.", fr="Température de départ", en="Warm side"
    )
    return_temperature_celsius = gauge(
        CELSIUS, -30, 150, "Of what goes back cool.", fr="Température de retour", en="Cool side"
    )


class Environment(
    Measurement, name="environment", period_seconds=30, fr="Ambiance", en="Environment"
):
    """One sensor of temperature or humidity."""

    host = key("Host that it is part of, or none.", fr="Hôte", en="Host")
    sensor = key("Name of the sensor.", fr="Capteur", en="Sensor")
    place = key(
        "inlet, exhaust, processor, memory, disk, board, room, outdoor, upstream or downstream.",
        fr="Lieu",
        en="Place",
    )
    temperature_celsius = gauge(
        CELSIUS, -60, 150, "Temperature.", fr="Température", en="Temperature"
    )
    limit_celsius = gauge(
        CELSIUS, -60, 200, "Where the maker sets the limit.", fr="Limite", en="Limit"
    )
    humidity_ratio = gauge(RATIO, 0, 1, "Relative humidity.", fr="Humidité", en="Humidity")
    wet_bulb_celsius = gauge(
        CELSIUS, -60, 60, "Wet-bulb temperature.", fr="Température humide", en="Wet bulb"
    )
    flow_cubic_meters_per_second = gauge(
        CUBIC_METER_PER_SECOND, 0, 1e5, "Discharge of the river.", fr="Débit", en="Discharge"
    )
