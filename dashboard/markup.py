"""Making an HTML element with attributes that Dash's own types do not name."""

from typing import Any

from dash.development.base_component import Component


def tag(kind: type[Component], children: Any = None, **attributes: Any) -> Component:
    """An element; `data_x` and `aria_x` become `data-x` and `aria-x`."""
    spelled = {
        name.replace("_", "-") if name.startswith(("data_", "aria_")) else name: value
        for name, value in attributes.items()
    }
    make: Any = kind  # the types of Dash name no wildcard attribute
    made: Component = make(children, **spelled) if children is not None else make(**spelled)
    return made
