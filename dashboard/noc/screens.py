"""The screens, in the order in which the header names them; the first is where people come in."""

from typing import Final

from dashboard.noc import energy, fleet, site, sovereignty
from dashboard.noc.screen import Screen

SCREENS: Final[tuple[Screen, ...]] = (
    fleet.SCREEN, energy.SCREEN, sovereignty.SCREEN, site.SCREEN,
)  # fmt: skip
