"""What a screen of the operations dashboard is: one file that exposes one of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dash.development.base_component import Component

from dashboard.noc.view import View
from dashboard.text import Said


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: its bones are laid out once, and what is live in them is painted every tick.

    `content` gives, as JSON, what `heading.heading` gives for the header, and whatever the elements
    of `layout` with a `data-*` name are to show: `numbers`, `texts`, `tables`, … by that name.
    """

    name: str
    """Its word in the style sheet, and in the name of its page."""
    path: str
    """Where it stands; the path of a container follows where it is `of_site`."""
    title: Said
    layout: Callable[[str], list[Component]]
    """In a language."""
    content: Callable[[View], dict[str, Any]]
    of_site: bool = False
    periods: Mapping[str, str] = field(default_factory=dict)
    """The charts that show one period whatever was chosen."""
    choices: tuple[str, ...] = ()
    """The names in a query that choose what is on the screen."""

    def site(self, path: str) -> str | None:
        """The container that a path names, "" for the whole scope; None where another stands."""
        if not self.of_site:
            return "" if path == self.path else None
        return (
            path.removeprefix(self.path).strip("/") or None if path.startswith(self.path) else None
        )
