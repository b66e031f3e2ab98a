"""A network as JSON text, and back: how its versions are kept, whatever files declared them."""

import dataclasses
import json
import typing
from datetime import date
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal

from vigie.network.network import Network


def written(network: Network) -> str:
    """All that a network declares, as one JSON text: equal networks give equal texts."""
    return json.dumps(
        dataclasses.asdict(network), default=str, sort_keys=True, ensure_ascii=False
    )  # fmt: skip


def read(text: str) -> Network:
    """The network of such a text, also where an older release wrote it.

    What this release does not know is left out; what the older one did not know has its default.
    """
    network: Network = _built(Network, json.loads(text))
    return network


def _built(kind: Any, plain: Any) -> Any:
    """The value of a type that plain JSON spells."""
    if plain is None:
        return None
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _built(arguments[0], plain)
    if origin in {typing.Union, UnionType}:
        return _built(next(a for a in arguments if a is not type(None)), plain)
    if origin is tuple:
        return tuple(_built(arguments[0], item) for item in plain)
    if origin is Literal:
        return plain
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        names = [f.name for f in dataclasses.fields(kind) if f.name in plain]
        return kind(**{name: _built(hints[name], plain[name]) for name in names})
    if kind is date:
        return date.fromisoformat(plain)
    return kind(plain) if isinstance(kind, type) and issubclass(kind, Enum | float) else plain
