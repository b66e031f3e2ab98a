"""Words about indicators and where their values come from."""

from typing import Final

from dashboard.said import Said

TEXTS: Final[dict[str, Said]] = {}
