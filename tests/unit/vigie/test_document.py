from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.document import (
    Document,
    Duration,
    Misfit,
    Reader,
    Size,
    Within,
    duration,
    duration_text,
    size,
    size_text,
)
from vigie.errors import SettingsError


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Door:
    SHORT: ClassVar[str] = "key"

    key: str
    hours: Mapping[str, int]


@dataclass(frozen=True)
class House:
    name: str
    floors: Annotated[int, Within(1, 200)] = 1
    height: float | None = None
    colour: Colour = Colour.RED
    roof: Literal["flat", "steep"] = "flat"
    plan: Path | None = None
    built: date | None = None
    lit: bool = False
    rest: Duration = 0.0
    loft: Size = 0
    doors: tuple[Door, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.lit and self.rest:
            raise Misfit("lit", "a house at rest is dark; choose one")
        if self.name == "ruin":
            raise ValueError("a ruin is no house")


def house(text: str) -> House:
    reader = Reader(Document.parse(text, "h.toml"))
    built = reader.one(House, ())
    reader.finish()
    return built


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        house(text)
    return str(error.value).splitlines()


def test_a_table_becomes_a_dataclass() -> None:
    built = house(
        'name = "A"\nfloors = 3\nheight = 9\ncolour = "green"\nroof = "steep"\nplan = "/p"\n'
        'built = 2026-01-31\nlit = true\nloft = "1GiB"\ntags = ["x"]\n'
        '[[doors]]\nkey = "k"\nhours = { mon = 8 }\n'
    )
    assert built == House(
        "A", 3, 9.0, Colour.GREEN, "steep", Path("/p"), date(2026, 1, 31), lit=True,
        loft=2**30, doors=(Door("k", {"mon": 8}),), tags=("x",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "h.toml: document: name is missing"),
        ('name = "A"\nflors = 2', "h.toml:2: flors: no such setting; did you mean floors?"),
        ("name = 1", "h.toml:1: name: a text is wanted, got 1"),
        ('name = "A"\nfloors = true', "h.toml:2: floors: a whole number is wanted, got True"),
        ('name = "A"\nfloors = 2.0', "h.toml:2: floors: a whole number is wanted, got 2.0"),
        ('name = "A"\nfloors = 0', "h.toml:2: floors: 0 is out of range; 1 to 200 is allowed"),
        ('name = "A"\nheight = "x"', "h.toml:2: height: a number is wanted, got 'x'"),
        ('name = "A"\ncolour = "gren"', "h.toml:2: colour: 'gren' is not one of the words; did"),
        ('name = "A"\nroof = "x"', "h.toml:2: roof: 'x' is not one of the words; known are: flat"),
        ('name = "A"\nplan = ""', "h.toml:2: plan: a path is wanted, got ''"),
        ('name = "A"\nrest = 5', "h.toml:2: rest: a duration like 20ms, 30s, 5m, 72h or 7d is"),
        ('name = "A"\nloft = "5 litres"', "h.toml:2: loft: a size like 256MB or 1GiB is wanted"),
        ('name = "A"\ntags = "x"', "h.toml:2: tags: an array is wanted, got 'x'"),
        ('name = "A"\ntags = [1]', "h.toml:2: tags: a text is wanted, got 1"),
        ('name = "A"\ndoors = [{key = "k"}]', "h.toml:2: doors[1]: hours is missing"),
        ('name = "A"\ndoors = ["k"]', "h.toml:2: doors[1]: hours is missing"),
        ('name = "A"\ndoors = [1]', "h.toml:2: doors: a table is wanted, got 1"),
        (
            'name = "A"\n[[doors]]\nkey = "k"\nhours = {mon = "x"}',
            "h.toml:4: doors[1].hours: a whole number is wanted, got 'x'",
        ),
        ('name = "A"\nlit = true\nrest = "1s"', "h.toml:2: lit: a house at rest is dark; choose"),
        ('name = "ruin"', "h.toml: document: a ruin is no house"),
    ],
)
def test_a_fault_says_where_what_and_what_to_do(text: str, told: str) -> None:
    (line,) = faults(text)
    assert line.startswith(told)


def test_all_faults_are_told_together() -> None:
    assert len(faults('nam = "A"\nfloors = 0\nlit = 1\n')) == 4


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), ("a = 1\nb = ]\n", 2), ("a = 1\n\nb = '''\n", 3)]
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SettingsError, match=f"^x.toml:{line}: is no TOML: "):
        Document.parse(text, "x.toml")


def test_a_file_of_other_bytes_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"x.toml: cannot be read: "):
        Document.load(tmp_path / "x.toml")


def test_rows_come_with_their_paths_and_faulty_ones_are_left_out() -> None:
    reader = Reader(Document.parse("[[h]]\nname = 1\n[[h]]\nname = 'b'\n", "h.toml"))
    assert [(at, row.name) for at, row in reader.each(House, ("h",))] == [(("h", 1), "b")]
    assert reader.faults == ["h.toml:2: h[1].name: a text is wanted, got 1"]


def test_rows_that_are_a_table_are_a_fault() -> None:
    reader = Reader(Document.parse("[h]\nname = 'a'\n", "h.toml"))
    assert reader.each(House, ("h",)) == ()
    assert reader.faults == ["h.toml:1: h: an array of tables, [[h]], is wanted"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20ms", 0.02), ("30s", 30), ("1.5m", 90), ("5 min", 300), ("72h", 259_200), ("7d", 604_800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("wrong", ["", "5", "m", "-5m", "5 x", "5m5", 6, None, "1e3s"])
def test_what_is_no_duration(wrong: Any) -> None:
    with pytest.raises(ValueError, match="a duration like"):
        duration(wrong)


@given(st.integers(0, 10**9))
def test_a_duration_reads_back(milliseconds: int) -> None:
    text = duration_text(milliseconds / 1000)
    assert duration(text) == pytest.approx(milliseconds / 1000)


@given(st.integers(0, 2**60))
def test_a_size_reads_back(count: int) -> None:
    assert size(size_text(count)) == pytest.approx(count)


def row(text: str, name: str) -> Document:
    return Document.parse(text, name)


def test_arrays_of_tables_of_two_documents_keep_their_own_files_and_lines() -> None:
    whole = Document("both")
    whole.extend(row("title = 1\n[[doors]]\nkey = 'a'\n", "a.toml"))
    whole.extend(row("\n[[doors]]\nkey = 'b'\n[[doors.locks]]\nturns = 2\n", "b.toml"))
    assert whole.data["doors"] == [{"key": "a"}, {"key": "b", "locks": [{"turns": 2}]}]
    assert whole.where(("doors", 0, "key")) == "a.toml:3"
    assert whole.where(("doors", 1, "key")) == "b.toml:3"
    assert whole.where(("doors", 1, "locks", 0, "turns")) == "b.toml:5"
    assert whole.where(("title",)) == "a.toml:1"
    assert whole.where(()) == "both"


def test_rows_within_a_statement_keep_their_own_file_too() -> None:
    whole = Document("both")
    whole.extend(row("doors = [{ key = 'a' }]\n", "a.toml"))
    whole.extend(row("\n\ndoors = [{ key = 'b' }]\n", "b.toml"))
    assert whole.where(("doors", 1, "key")) == "b.toml:3"
    third = Document("three")
    third.extend(row("doors = [{ key = 'c' }]\n", "c.toml"))
    third.extend(whole)
    assert [third.where(("doors", n)) for n in range(3)] == ["c.toml:1", "a.toml:1", "b.toml:3"]


@pytest.mark.parametrize("again", ["title = 2", "[title]\nof = 1", "[[title]]\nof = 1"])
def test_what_there_is_one_of_stands_in_one_document(again: str) -> None:
    whole = Document("both")
    whole.extend(row("title = 1\n", "a.toml"))
    told = r"b.toml:1: title: is given already at a.toml:1; leave one of the two"
    with pytest.raises(SettingsError, match=told):
        whole.extend(row(again + "\n", "b.toml"))
