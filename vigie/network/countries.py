"""Countries by code, and the union that stands for several."""

from collections.abc import Iterable
from typing import Final

EU: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
"""The members of the European Union, ISO 3166-1."""


def expanded(codes: Iterable[str]) -> frozenset[str]:
    """Countries, with the members of the union in the place of EU."""
    return frozenset(code for given in codes for code in (EU if given == "EU" else (given,)))
