"""What the address bar chose of a screen, beside its place: a scope, a period, who vanishes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

MOST_VALUES: Final = 64
LONGEST: Final = 200
"""An address is written by anybody: what is longer is cut off."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Values by name, in the order in which the screen declares its names."""

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def read(cls, names: Iterable[str], query: Mapping[str, Sequence[str]]) -> "Chosen":
        """Those of these names that a query has."""
        found = (
            (name, tuple(value[:LONGEST] for value in query.get(name, ())[:MOST_VALUES]))
            for name in names
        )
        return cls(tuple((name, values) for name, values in found if any(values)))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a name."""
        return dict(self.values).get(name, ())

    def one(self, name: str, default: str = "") -> str:
        """The first value of a name."""
        return next(iter(self.all(name)), default)

    def link(self, path: str, language: str, **changed: str) -> str:
        """The address of the same choice in a language, but for what is changed; "" leaves out."""
        kept = dict(self.values) | {name: (value,) for name, value in changed.items()}
        pairs = [("lang", language)]
        pairs += [(name, one) for name, values in kept.items() for one in values if one]
        return f"{path}?{urlencode(pairs)}"

    @property
    def word(self) -> str:
        """One word that tells it from every other choice."""
        return urlencode([(name, one) for name, values in self.values for one in values])
