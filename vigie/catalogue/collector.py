"""What the collector finds out by itself: how it is, what places are held to, what to expect.

Kept as what comes in is, without rollups; nobody may send them. The container of a row is the path
of the place that it is about: a container, a site, or "" for the whole network.
"""

from typing import Final

from vigie.shape import Measurement, flag, gauge, key
from vigie.units import CELSIUS, ONE, RATIO, SECOND, WATT

COMMITMENT_KINDS: Final = (
    "delivery",
    "withdrawal",
    "low_flow",
    "discharge",
    "warming",
    "threshold",
    "residency",
    "denial",
    "permit",
    "contract",
    "qualification",
)
"""What draws at a delivery point; what a permit lets be taken, below which flow of the river
nothing is, how warm it goes back and by how much it may warm the river; from which power on one
must report; the two rules of a placement policy; what ends: permits, contracts, qualifications."""
BAND_KINDS: Final = ("pue", "cop", "meters")
"""Energy of a place over that of its IT, heat over the electricity that carried it off, and what is
behind a meter over what that one counted."""


class Collector(Measurement, name="collector", period_seconds=60, fr="Collecteur", en="Collector"):
    """The collector itself: its disk, its rollups, its files, its messages, its clock."""

    host = key("Machine that it runs on.", fr="Hôte", en="Host")
    disk_left_seconds = gauge(
        SECOND, 0, 1e10, "Until its disk takes no more, growing as it does now.",
        fr="Disque plein dans", en="Disk full in", origin="collector",
    )  # fmt: skip
    disk_left_least_seconds = gauge(
        SECOND, 0, 1e10, "The same at the earliest.",
        fr="Disque plein au plus tôt dans", en="Disk full at the earliest in", origin="collector",
    )  # fmt: skip
    rollup_lag_seconds = gauge(
        SECOND, 0, 1e9, "Readings that no rollup has yet: how far back they begin.",
        fr="Retard des agrégats", en="Rollup lag", origin="collector",
    )  # fmt: skip
    files_broken = gauge(
        ONE, 0, 1e6, "Files of rules, network or roster that broke while it ran.",
        fr="Fichiers invalides", en="Broken files", integer=True, origin="collector",
    )  # fmt: skip
    messages_dead = gauge(
        ONE, 0, 1e9, "Messages of the last day that no receiver took and that nobody sent again.",
        fr="Messages perdus", en="Dead letters", integer=True, origin="collector",
    )  # fmt: skip
    messages_wait_seconds = gauge(
        SECOND, 0, 1e9, "For how long the oldest message has waited to be taken.",
        fr="Attente des messages", en="Message wait", origin="collector",
    )  # fmt: skip
    duties_failing = gauge(
        ONE, 0, 1e4, "Duties whose last turn failed.",
        fr="Tâches en échec", en="Failing duties", integer=True, origin="collector",
    )  # fmt: skip
    clock_offset_seconds = gauge(
        SECOND, None, None, "Its clock less that of most agents.",
        fr="Écart d'horloge", en="Clock offset", origin="collector",
    )  # fmt: skip


class Commitment(
    Measurement, name="commitment", period_seconds=60, fr="Engagement", en="Commitment"
):
    """Something that a place is held to by a contract, a permit, a policy or a law."""

    host = key("Always none.", fr="Hôte", en="Host")
    kind = key("One of `COMMITMENT_KINDS`.", fr="Genre", en="Kind")
    item = key("Delivery point, permit, law, store or contract.", fr="Objet", en="Item")
    broken = flag("It is not kept.", fr="Rompu", en="Broken")
    used_ratio = gauge(
        RATIO, 0, 1e6, "What is made of it, as a share of what it allows.",
        fr="Part utilisée", en="Used", origin="collector",
    )  # fmt: skip
    power_watts = gauge(
        WATT, 0, 1e10, "What is drawn or built.", fr="Puissance", en="Power", origin="collector"
    )
    limit_watts = gauge(
        WATT, 0, 1e10, "What of it is allowed.", fr="Puissance permise", en="Power allowed",
        origin="collector",
    )  # fmt: skip
    temperature_celsius = gauge(
        CELSIUS, -60, 150, "What goes back to the river; of warming, by how much it warms it.",
        fr="Température", en="Temperature", origin="collector",
    )  # fmt: skip
    limit_celsius = gauge(
        CELSIUS, -60, 150, "What of it is allowed.", fr="Température permise",
        en="Temperature allowed", origin="collector",
    )  # fmt: skip
    left_seconds = gauge(
        SECOND, -1e10, 1e10, "Until it ends; negative once it has.",
        fr="Échéance", en="Ends in", origin="collector",
    )  # fmt: skip


class Band(Measurement, name="band", period_seconds=3600, fr="Fourchette", en="Band"):
    """A ratio of energies over the last closed hour, and what a model or physics expects of it."""

    host = key("Always none.", fr="Hôte", en="Host")
    kind = key("One of `BAND_KINDS`.", fr="Genre", en="Kind")
    item = key("Meter, or the indicator.", fr="Objet", en="Item")
    found = gauge(ONE, None, None, "What was metered.", fr="Mesuré", en="Found", origin="collector")
    expected = gauge(
        ONE, None, None, "What was to be expected.", fr="Attendu", en="Expected",
        origin="collector",
    )  # fmt: skip
    least = gauge(
        ONE, None, None, "The least that is plausible.", fr="Minimum", en="Least",
        origin="collector",
    )  # fmt: skip
    most = gauge(
        ONE, None, None, "The most that is plausible.", fr="Maximum", en="Most",
        origin="collector",
    )  # fmt: skip
