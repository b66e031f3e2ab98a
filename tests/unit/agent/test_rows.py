"""Rows as columns."""

from agent.rows import Row, columns
from vigie.catalogue import Host, Power


def test_each_field_that_a_row_has_is_a_column_and_what_another_lacks_is_unknown() -> None:
    rows: list[Row] = [{Host.load1: 1.0}, {Host.cpu_count: 8}]
    assert columns(Host, rows) == {Host.cpu_count: [None, 8], Host.load1: [1.0, None]}


def test_no_rows_are_no_columns() -> None:
    assert columns(Host, []) == {}


def test_fields_of_other_measurements_are_left_out() -> None:
    assert columns(Host, [{Power.power_watts: 1.0, Host.load1: 2.0}]) == {Host.load1: [2.0]}
