import sys

import pytest

from vigie.commands import printing
from vigie.replies import Cell, Table

ROWS: list[dict[str, Cell]] = [
    {"name": "a", "watts": 1.5, "on": True},
    {"name": "long one", "watts": None, "on": False},
]


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    assert printing.table(ROWS).splitlines() == [
        "name      watts  on",
        "--------  -----  ---",
        "a           1.5  yes",
        "long one      –  no",
    ]


def test_a_narrow_terminal_gets_row_after_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert printing.table(ROWS[:1]).splitlines() == ["name   a", "watts  1.5", "on     yes"]


def test_no_rows_are_said_in_words() -> None:
    assert printing.table([], empty="nobody") == "nobody"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0, "0"),
        (1 / 3, "0.333333"),
        (12345678.9, "12345679"),
        (True, "yes"),
        ("2026-01-31T08:00:00.123456Z", "2026-01-31T08:00:00Z"),
    ],
)
def test_unknown_is_never_shown_as_zero(value: Cell, text: str) -> None:
    assert printing.cell(value) == text


def test_columns_become_rows() -> None:
    assert printing.rows({"a": [1, 2], "b": ["x", None]}) == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": None},
    ]
    assert printing.rows({"a": [], "b": []}) == []


def test_the_footer_says_what_one_must_know() -> None:
    table = Table("2026-01-31T08:00:00Z", "minute", {}, 0.5, "measured", 0.25, "next")
    assert printing.footer(table) == (
        "as of 2026-01-31T08:00:00Z · tier minute · coverage 50% · measured · SIMULATED 25% · "
        "more: --cursor next"
    )
