"""Words about sovereignty: who could read, block, or be done without."""

from typing import Final

from dashboard.said import Said

TEXTS: Final[dict[str, Said]] = {}
