"""Rows and problems, as every route answers them."""

from dataclasses import dataclass

Cell = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem document; `fault` is the machine word, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as columns of equal length, with what one must know to trust them.

    `coverage` is the share of the asked span with data, `simulated_share` the share of rows that
    come from the twin, `cursor` asks for the next page.
    """

    as_of: str
    tier: str
    columns: dict[str, list[Cell]]
    coverage: float | None = None
    quality: str | None = None
    simulated_share: float = 0.0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query in SQL answers: columns of equal length, and the type of each.

    `simulated`: among what the query could read is what the twin plays; `containers` has which.
    """

    as_of: str
    simulated: bool
    rows: int
    types: dict[str, str]
    columns: dict[str, list[Cell]]
