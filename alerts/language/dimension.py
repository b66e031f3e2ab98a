"""Units as physics has them: what may be added, and what a product or a quotient is."""

from typing import Final

from vigie.units import (
    AMPERE,
    BYTE,
    BYTE_PER_SECOND,
    CELSIUS,
    CUBIC_METER,
    CUBIC_METER_PER_JOULE,
    CUBIC_METER_PER_SECOND,
    EURO,
    EURO_PER_JOULE,
    EURO_PER_SECOND,
    GRAM,
    GRAM_PER_JOULE,
    GRAM_PER_SECOND,
    HERTZ,
    JOULE,
    ONE,
    PASCAL,
    RATIO,
    SECOND,
    VOLT,
    VOLT_AMPERE,
    WATT,
    Unit,
)

Dimension = tuple[tuple[str, int], ...]
"""Base units and their exponents, sorted; empty for a pure number."""

_COMPOSED: Final[dict[Unit, Dimension]] = {
    ONE: (), RATIO: (), JOULE: (("W", 1), ("s", 1)), HERTZ: (("s", -1),),
    BYTE_PER_SECOND: (("o", 1), ("s", -1)), GRAM_PER_SECOND: (("g", 1), ("s", -1)),
    GRAM_PER_JOULE: (("W", -1), ("g", 1), ("s", -1)),
    CUBIC_METER_PER_SECOND: (("m³", 1), ("s", -1)),
    CUBIC_METER_PER_JOULE: (("W", -1), ("m³", 1), ("s", -1)),
    EURO_PER_SECOND: (("s", -1), ("€", 1)), EURO_PER_JOULE: (("W", -1), ("s", -1), ("€", 1)),
}  # fmt: skip
_NAMED: Final = (
    SECOND, BYTE, WATT, JOULE, HERTZ, CELSIUS, VOLT, AMPERE, VOLT_AMPERE, GRAM, PASCAL,
    CUBIC_METER, EURO, BYTE_PER_SECOND, GRAM_PER_SECOND, GRAM_PER_JOULE, CUBIC_METER_PER_SECOND,
    CUBIC_METER_PER_JOULE, EURO_PER_SECOND, EURO_PER_JOULE,
)  # fmt: skip


def dimension(unit: Unit) -> Dimension:
    """Of what a unit is made."""
    return _COMPOSED.get(unit, ((unit.symbol, 1),))


def combined(operator: str, a: Dimension, b: Dimension) -> Dimension:
    """Of what `a * b` or `a / b` is."""
    exponents = dict(a)
    sign = 1 if operator == "*" else -1
    for name, exponent in b:
        exponents[name] = exponents.get(name, 0) + sign * exponent
    return tuple(sorted((n, e) for n, e in exponents.items() if e))


def symbol(found: Dimension) -> str:
    """How a value of it is written; empty where it has no unit of its own."""
    if found == dimension(HERTZ):
        return "/s"
    return next((u.symbol for u in _NAMED if dimension(u) == found), "")


def worded(found: Dimension | None) -> str:
    """A unit in words, for a message; None is a number without a unit."""
    if found is None:
        return "a number"
    if not found:
        return "a pure number"
    known = next((u.suffix for u in _NAMED if dimension(u) == found), None)
    parts = [name if power == 1 else f"{name}^{power}" for name, power in found]
    return known or " × ".join(parts)
