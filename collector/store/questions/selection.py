"""Which rows a question is of: within scopes, with the words wanted of keys and levels. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from collector.store.questions.levels import LEVELS, Levels
from collector.store.schema import CONTAINER_COLUMN
from collector.store.scope import HOST_COLUMN
from vigie.network.places import inside

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Codes = np.ndarray[tuple[int], np.dtype[np.int32]]
Words = tuple[Codes, pa.Array]
"""A column of words: the code of each row, and the word of each code."""


@dataclass(frozen=True)
class Selection:
    """Scopes are path prefixes; `keys` are the columns of the table that have words."""

    keys: Sequence[str]
    scopes: Sequence[str] = ("",)
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels)

    @cached_property
    def columns(self) -> list[str]:
        """The columns to look at."""
        found = [name for name in self.where if name in self.keys and name != CONTAINER_COLUMN]
        if self.hosts and HOST_COLUMN not in found:
            found.append(HOST_COLUMN)
        return [CONTAINER_COLUMN, *found] if self.narrow or found else []

    @cached_property
    def narrow(self) -> bool:
        """Whether it matters in which container a row is."""
        levels = any(name in LEVELS and name not in self.keys for name in self.where)
        return "" not in self.scopes or CONTAINER_COLUMN in self.where or levels

    @cached_property
    def hosts(self) -> dict[str, set[str]]:
        """By container, those of the scopes that are a host's."""
        found: dict[str, set[str]] = {}
        for scope in self.scopes if HOST_COLUMN in self.keys else ():
            above, _, host = scope.rpartition("/")
            if "/" in above:
                found.setdefault(above, set()).add(host)
        return found

    @cached_property
    def only(self) -> frozenset[str] | None:
        """The only containers that these rows can be in, where they are few and known by name."""
        named = self.where.get(CONTAINER_COLUMN)
        if named is not None:
            return frozenset(named)
        # A path of two parts is a container's, and a deeper one a host's in it.
        if all(scope.count("/") for scope in self.scopes):
            return frozenset("/".join(scope.split("/")[:2]) for scope in self.scopes)
        return None

    def holds(self, container: str) -> bool:
        """Whether some row of a container can be one of these."""
        wanted = self.where.get(CONTAINER_COLUMN)
        if wanted is not None and container not in wanted:
            return False
        allowed = any(inside(container, scope) for scope in self.scopes)
        return (allowed or container in self.hosts) and self._at_levels(container)

    def between(self, first: str, last: str) -> bool:
        """Whether a container from `first` to `last` in order can be one of these."""
        wanted = self.where.get(CONTAINER_COLUMN)
        if wanted is not None and not any(first <= word <= last for word in wanted):
            return False
        return any(_meets(scope, first, last) for scope in (*self.scopes, *self.hosts))

    def mask(self, words: Mapping[str, Words]) -> Flags | None:
        """Which rows these are; None for all. `words` has the columns asked for."""
        mask: Flags | None = None
        if self.narrow:
            codes, containers = words[CONTAINER_COLUMN]
            allowed = np.array([self.holds(path) for path in containers.to_pylist()], np.bool_)
            if not allowed.all():
                mask = allowed[codes]
            for path, hosts in self.hosts.items():
                if not any(inside(path, scope) for scope in self.scopes):
                    mask = _and(mask, self._of_hosts(words, path, hosts))
        for name, wanted in self.where.items():
            if name in self.keys and name != CONTAINER_COLUMN:
                codes, known = words[name]
                among = np.array([w in wanted for w in known.to_pylist()], np.bool_)
                mask = _and(mask, among[codes])
        return None if mask is None or mask.all() else mask

    @cached_property
    def _at_levels(self) -> Callable[[str], bool]:
        return self.levels.holds({k: v for k, v in self.where.items() if k not in self.keys})

    @staticmethod
    def _of_hosts(words: Mapping[str, Words], path: str, hosts: set[str]) -> Flags:
        """Every row but those of other hosts in that container."""
        codes, containers = words[CONTAINER_COLUMN]
        there = np.array([c == path for c in containers.to_pylist()], np.bool_)[codes]
        own_codes, own = words[HOST_COLUMN]
        mine: Flags = np.array([h in hosts for h in own.to_pylist()], np.bool_)[own_codes]
        return ~there | mine


def codes_of(column: Any) -> Words:
    """A dictionary column."""
    codes: Codes = column.indices.to_numpy()
    return codes, column.dictionary


def _and(mask: Flags | None, more: Flags) -> Flags:
    return more if mask is None else mask & more


def _meets(scope: str, first: str, last: str) -> bool:
    """Whether a path in a scope can lie between two others in order."""
    return first <= f"{scope}/\U0010ffff" and scope <= last if scope else True
