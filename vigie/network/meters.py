"""Metering points as a tree: what each one counts, and which one is behind which."""

from dataclasses import dataclass
from typing import Literal

from vigie.network.operators import Amount, Identifier, Stated


@dataclass(frozen=True, slots=True)
class Meter(Stated):
    """One metering point of a container; `name` is what its readings call it.

    `role` is one of `POWER_ROLES`, `WATER_ROLES` or `HEAT_ROLES`, by `medium`. `parent` is the
    meter of the same container before it; what a meter counts is never less than its children.
    `accuracy` is its class, as written on it (B of MID, 0.5S). `subscribed_watts` is the power that
    the contract of its delivery point allows to draw there.
    """

    container: str
    name: str
    role: str
    medium: Literal["electricity", "water", "heat"] = "electricity"
    parent: str | None = None
    accuracy: str = ""
    delivery_point: Identifier | None = None
    subscribed_watts: Amount | None = None
