"""What a Dash component would say and hold, for tests that look into pages without a browser."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def components(root: Any) -> Iterator[Component]:
    """Every component of a tree, the root first."""
    if isinstance(root, list | tuple):
        for one in root:
            yield from components(one)
    elif isinstance(root, Component):
        yield root
        yield from components(getattr(root, "children", None))


def words(root: Any) -> str:
    """Every text of a tree: what is said, and the attributes."""
    found = []
    for component in components(root):
        properties = component.to_plotly_json()["props"]  # type: ignore[no-untyped-call]
        found += [str(v) for k, v in properties.items() if k != "children"]
        inside = properties.get("children")
        inside = inside if isinstance(inside, list | tuple) else [inside]
        found += [one for one in inside if isinstance(one, str)]
    return "\n".join(found) if found else str(root)
