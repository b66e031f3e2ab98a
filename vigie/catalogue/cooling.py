"""Heat and air: what cools, and how warm it is: cooling, environment."""

from vigie.shape import Measurement, bits, flag, gauge, key
from vigie.units import CELSIUS, PASCAL, RATIO, REVOLUTION_PER_MINUTE, WATT


class Cooling(Measurement, name="cooling", period_seconds=30, fr="Refroidissement", en="Cooling"):
    """One part that moves heat: fan, pump, loop."""

    host = key("Host that it cools, or none.", fr="Hôte", en="Host")
    component = key("Name of the part.", fr="Composant", en="Component")
    kind = key("air, crac, cdu, immersion, river, dry_cooler or heat_reuse.", fr="Genre", en="Kind")
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


class Environment(
    Measurement, name="environment", period_seconds=30, fr="Ambiance", en="Environment"
):
    """One sensor of temperature or humidity."""

    host = key("Host that it is part of, or none.", fr="Hôte", en="Host")
    sensor = key("Name of the sensor.", fr="Capteur", en="Sensor")
    place = key(
        "inlet, exhaust, processor, memory, disk, board, room or outdoor.", fr="Lieu", en="Place"
    )
    temperature_celsius = gauge(
        CELSIUS, -60, 150, "Temperature.", fr="Température", en="Temperature"
    )
    limit_celsius = gauge(
        CELSIUS, -60, 200, "Where the maker sets the limit.", fr="Limite", en="Limit"
    )
    humidity_ratio = gauge(RATIO, 0, 1, "Relative humidity.", fr="Humidité", en="Humidity")
