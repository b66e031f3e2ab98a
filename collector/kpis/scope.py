"""What a scope means: a path prefix, or the sites of a declared perimeter. Pure."""

from typing import Final

from vigie.errors import QueryError
from vigie.network.load import Network
from vigie.network.places import inside

PERIMETER: Final = "perimeter:"


def paths(network: Network, scope: str, within: str = "") -> tuple[str, ...]:
    """The path prefixes of a scope, as far as they lie in `within`, which the asker may see.

    Raises:
        QueryError: there is no such perimeter.
    """
    if not scope.startswith(PERIMETER):
        return _seen([scope], within)
    name = scope.removeprefix(PERIMETER)
    found = next((p for p in network.perimeters if p.id == name), None)
    if found is None:
        known = ", ".join(p.id for p in network.perimeters) or "none"
        raise QueryError(f"no perimeter {name!r:.80}; there are: {known}")
    return _seen(list(found.sites), within)


def _seen(scopes: list[str], within: str) -> tuple[str, ...]:
    """The wider of two that overlap is cut to the narrower."""
    seen = []
    for scope in scopes:
        if inside(scope, within):
            seen.append(scope)
        elif inside(within, scope):
            seen.append(within)
    return tuple(dict.fromkeys(seen))
