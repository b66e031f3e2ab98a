"""The screens, in the order in which the header names them; the first is where people come in."""

from typing import Final

from dashboard.noc import energy, fleet, site
from dashboard.noc.screen import Screen

SCREENS: Final[tuple[Screen, ...]] = (fleet.SCREEN, energy.SCREEN, site.SCREEN)
