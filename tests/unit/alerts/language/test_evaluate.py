import math
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.check import condition, quantity
from alerts.language.evaluate import FALSE, TRUE, UNKNOWN, Logical, Numeric, Rows, numbers, truths
from vigie.catalogue import Filesystem, Gpu, Source
from vigie.shape import Measurement, Value


def said(text: str, measurement: type[Measurement], *rows: dict[str, Value]) -> list[int]:
    """What a condition says of rows."""
    plan = cast("Logical", condition(text, measurement).plan)
    found = truths(plan, Rows(measurement, rows, [0.0] * len(rows)))
    return [int(truth) for truth in found]


def test_every_row_has_its_own_answer() -> None:
    rows: list[dict[str, Value]] = [
        {"size_bytes": 100, "available_bytes": 5},
        {"size_bytes": 100, "available_bytes": 50},
        {"size_bytes": 100, "available_bytes": None},
        {"size_bytes": 0, "available_bytes": 0},
    ]
    found = said("available_bytes / size_bytes < 10%", Filesystem, *rows)
    assert found == [TRUE, FALSE, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        (True, "and", None, UNKNOWN), (False, "and", None, FALSE), (None, "and", None, UNKNOWN),
        (True, "or", None, TRUE), (False, "or", None, UNKNOWN), (None, "or", True, TRUE),
        (None, "and", False, FALSE),
    ],
)  # fmt: skip
def test_unknown_follows_kleene(
    left: bool | None, operator: str, right: bool | None, result: int
) -> None:
    row: dict[str, Value] = {
        "read_only": left, "inodes_total": None if right is None else int(right),
    }  # fmt: skip
    assert said(f"read_only {operator} inodes_total > 0", Filesystem, row) == [result]


def test_not_unknown_is_unknown() -> None:
    assert said("not read_only", Filesystem, {}, {"read_only": False}) == [UNKNOWN, TRUE]


def test_words_texts_and_bits() -> None:
    rows: list[dict[str, Value]] = [
        {"status": "ok", "source": "agent"}, {"status": "stuck", "source": "x"}, {"source": "x"},
    ]  # fmt: skip
    assert said("status in (failed, stuck)", Source, *rows) == [FALSE, TRUE, UNKNOWN]
    assert said('source == "agent"', Source, *rows) == [TRUE, FALSE, FALSE]
    assert said('source != "nobody"', Source, *rows) == [TRUE, TRUE, TRUE]
    bits: list[dict[str, Value]] = [{"throttle_reasons": 0b100}, {"throttle_reasons": 3}, {}]
    assert said("throttle_reasons has power_cap", Gpu, *bits) == [TRUE, FALSE, UNKNOWN]


def test_age_is_the_rows_own() -> None:
    plan = cast("Logical", condition("age > 30s", Source).plan)
    rows = Rows(Source, [{}, {}], [30.0, 31.0])
    assert truths(plan, rows).tolist() == [FALSE, TRUE]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("size_bytes - available_bytes", 60.0), ("abs(available_bytes - size_bytes)", 60.0),
        ("min(available_bytes, 7)", 7.0), ("max(available_bytes, 70)", 70.0),
        ("-size_bytes", -100.0), ("size_bytes / (available_bytes - 40)", math.nan),
    ],
)  # fmt: skip
def test_arithmetic(text: str, value: float) -> None:
    plan = cast("Numeric", quantity(text, Filesystem).plan)
    rows = Rows(Filesystem, [{"size_bytes": 100, "available_bytes": 40}], [0.0])
    assert numbers(plan, rows).tolist() == pytest.approx([value], nan_ok=True)


values = st.none() | st.floats(-1e6, 1e6)


@given(values, values, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_a_comparison_with_unknown_is_unknown_else_as_python_has_it(
    a: float | None, b: float | None, operator: str
) -> None:
    row: dict[str, Value] = {"size_bytes": a, "available_bytes": b}
    (found,) = said(f"size_bytes {operator} available_bytes", Filesystem, row)
    if a is None or b is None:
        assert found == UNKNOWN
    else:
        assert found == (TRUE if eval(f"{a!r} {operator} {b!r}") else FALSE)
