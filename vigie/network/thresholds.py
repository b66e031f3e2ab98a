"""Numbers of alerting rules that a place has otherwise than the rule's own file says."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?(%|[A-Za-z]+\d?)?")


def number(value: object) -> str:
    """A number with its unit, as rules write it: 80C, 10%, 2h.

    Raises:
        ValueError: it is none.
    """
    text = str(value).strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"a text with a number and its unit is wanted, as 80C, got {value!r:.80}")
    return text


@dataclass(frozen=True, slots=True)
class Threshold:
    """What the number `name` of a rule is at a site or a container, `where` being its path.

    Of two that hold, the narrower does. Whether there is such a rule is for who knows rules to say.
    """

    rule: str
    name: str
    where: str
    value: Annotated[str, number]
