"""The stamp of what the twin plays: a word, its share or its scale; never a colour alone."""

from collections.abc import Sequence
from typing import Final

from dashboard.format import SPACE, number
from dashboard.text import say
from vigie.replies import Container

ALL: Final = 0.9995
"""From this share on, all of it is simulated as far as a percentage tells."""
LEAST: Final = 0.01


def of_container(container: Container, language: str) -> str:
    """`SIMULÉ`, with the twin's scale where that is not 1; nothing of a real one."""
    if not container.simulated:
        return ""
    if container.scale == 1:
        return say("simulated", language)
    return say("simulated_scale", language, scale=scale(container.scale, language))


def of_containers(containers: Sequence[Container], language: str) -> str:
    """The one stamp that all of these have, else how many of them the twin plays."""
    found = {of_container(container, language) for container in containers}
    if len(found) == 1:
        return found.pop()
    return of_share(sum(c.simulated for c in containers) / max(len(containers), 1), language)


def of_share(share: float, language: str) -> str:
    """How much of a value comes from the twin; nothing where none of it does."""
    if share <= 0:
        return ""
    if share >= ALL:
        said = "100"
    else:
        said = f"<{SPACE}1" if share < LEAST else number(share * 100, language)
    return say("simulated_share", language, share=said)


def scale(value: float, language: str) -> str:
    """`1/100` where that is what it is, else a percentage."""
    if 0 < value < 1 and abs(round(1 / value) - 1 / value) < 1e-6 / value:
        return f"1/{number(round(1 / value), language)}"
    percent = value * 100
    return f"{number(percent, language, 0 if percent == round(percent) else 1)}{SPACE}%"
