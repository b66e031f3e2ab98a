"""Lines out of a container: what they carry, and where to."""

from vigie.shape import Measurement, counter, flag, gauge, key
from vigie.units import BYTE, BYTE_PER_SECOND, SECOND


class Link(Measurement, name="link", period_seconds=60, fr="Liaison", en="Link"):
    """One line of a container, towards one peer."""

    host = key("Host that it belongs to, or none.", fr="Hôte", en="Host")
    link = key("Name of the line.", fr="Liaison", en="Link")
    peer = key("Whom it leads to: a site of the network, else a country code.", fr="Vers", en="To")
    up = flag("It carries.", fr="Établie", en="Up")
    receive_bytes_total = counter(
        BYTE, "Received.", high_rate=1e12, fr="Octets reçus", en="Bytes received"
    )
    transmit_bytes_total = counter(
        BYTE, "Sent.", high_rate=1e12, fr="Octets envoyés", en="Bytes sent"
    )
    capacity_bytes_per_second = gauge(
        BYTE_PER_SECOND, 0, 1e12, "What it was ordered for.", fr="Débit souscrit", en="Capacity"
    )
    round_trip_seconds = gauge(SECOND, 0, 60, "There and back.", fr="Aller-retour", en="Round trip")
