"""What the collector knows of its own hearing: rules read it, and nobody may send it."""

from vigie.shape import Measurement, flag, gauge, state
from vigie.units import ONE, SECOND


class Reach(Measurement, name="reach", period_seconds=1, fr="Joignabilité", en="Reach"):
    """Whether a container, a site, or the whole network can still be heard: a row for each.

    Its container is the path of the place, and "" that of the whole network.
    """

    level = state(
        {
            "container": ("conteneur", "container"),
            "site": ("site", "site"),
            "network": ("réseau", "network"),
        },
        "What the row is about.",
        fr="Niveau",
        en="Level",
        origin="collector",
    )
    places = gauge(
        ONE, 0, 1e6, "Places right below it from which agents are expected to report.",
        fr="Lieux", en="Places", integer=True, origin="collector",
    )  # fmt: skip
    agents = gauge(
        ONE, 0, 1e6, "Agents that are expected to report.",
        fr="Agents", en="Agents", integer=True, origin="collector",
    )  # fmt: skip
    silent = gauge(
        ONE, 0, 1e6, "Of these, those from which nothing came for half a minute.",
        fr="Agents muets", en="Silent agents", integer=True, origin="collector",
    )  # fmt: skip
    silence_seconds = gauge(
        SECOND, 0, 1e9, "Since anything came from any of them.",
        fr="Silence", en="Silence", origin="collector",
    )  # fmt: skip
    taking = flag("The collector can take readings in.", fr="Écoute", en="Listening")
    lines = gauge(
        ONE, 0, 1e6, "Lines out of it of which somebody who is heard told within three minutes.",
        fr="Liaisons", en="Lines", integer=True, origin="collector",
    )  # fmt: skip
    carrying = gauge(
        ONE, 0, 1e6, "Of these, those that carry.",
        fr="Liaisons établies", en="Lines that carry", integer=True, origin="collector",
    )  # fmt: skip
