import pytest

from tests.house import ROOT
from vigie.document import Document
from vigie.errors import SettingsError
from vigie.network.content import read, written
from vigie.network.load import check, load
from vigie.network.thresholds import Threshold, number

EXAMPLE = ROOT / "docs/examples/network.toml"


def test_a_place_says_what_is_other_there_and_it_is_kept() -> None:
    network = load(EXAMPLE)
    assert network.thresholds == (Threshold("filesystem_filling", "least", "cannes/c2", "8%"),)
    assert read(written(network)) == network


@pytest.mark.parametrize("text", ["80C", "-5%", "1e3W", "0.5", "5m3"])
def test_a_number_with_its_unit_is_a_value(text: str) -> None:
    assert number(f" {text} ") == text


@pytest.mark.parametrize("wrong", ["", "hot", "80 C", 80, "80C or so", "8" * 100 + "!"])
def test_anything_else_is_none(wrong: object) -> None:
    with pytest.raises(ValueError, match="a number and its unit is wanted"):
        number(wrong)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('where = "cannes/c2"', 'where = "cannes/c9"',
         "thresholds[1].where: no site or container is called 'cannes/c9'; did you mean"),
        ('value = "8%"', "value = 8", "thresholds[1].value: a text with a number and its unit"),
        ('name = "least"', "", "thresholds[1]: name is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, fault: str) -> None:
    text = EXAMPLE.read_text()
    before, found, after = text.rpartition(old)
    assert found
    with pytest.raises(SettingsError) as caught:
        check(Document.parse(before + new + after, "n.toml"))
    assert fault in str(caught.value)


def test_one_number_of_one_place_is_set_once() -> None:
    text = EXAMPLE.read_text()
    again = text[text.rindex("[[thresholds]]") :]
    with pytest.raises(SettingsError, match="'least' is declared already at"):
        check(Document.parse(text + again, "n.toml"))
