"""Whether a condition becomes true as a quantity rises, or as it falls."""

from alerts.language.evaluate import (
    Absolute,
    Arithmetic,
    Both,
    Compare,
    Either,
    Logical,
    Median,
    Not,
    Numeric,
    Over,
    Read,
)

RISES, FALLS = 1, -1


def leaning(condition: Logical, quantity: Numeric) -> int | None:
    """`RISES` or `FALLS`; None where the condition does not say, or says both."""
    match condition:
        case Both(left, right) | Either(left, right):
            return _joined(leaning(left, quantity), leaning(right, quantity))
        case Not(operand):
            found = leaning(operand, quantity)
            return None if found is None else -found
        case Compare(operator, left, right) if operator[0] in "<>":
            found = _joined(_slope(left, quantity), _negative(_slope(right, quantity)))
            return found if operator[0] == ">" else _negative(found)
    return None


def _slope(plan: Numeric, quantity: Numeric) -> int | None:
    """Whether a number rises or falls with the quantity, all else being positive and as it is."""
    if plan == quantity:
        return RISES
    match plan:
        case Over(function, window) if function != "time_to" and quantity == Read(window.name):
            return RISES if function.endswith("_over") else None
        case Absolute(operand) | Median(operand):
            return _slope(operand, quantity)
        case Arithmetic("-" | "/", left, right):
            return _joined(_slope(left, quantity), _negative(_slope(right, quantity)))
        case Arithmetic(_, left, right):
            return _joined(_slope(left, quantity), _slope(right, quantity))
    return None


def _negative(found: int | None) -> int | None:
    return None if found is None else -found


def _joined(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return a if a == b else None
