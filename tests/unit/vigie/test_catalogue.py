"""Names and numbers of the catalogue only grow; `make golden` writes down what was added."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import GOLDEN
from vigie import catalogue, indicators
from vigie.frame import column_type
from vigie.shape import Event, Field, Inventory, Kind, Measurement
from vigie.units import ONE

FIELDS = [
    field for declared in (*catalogue.MEASUREMENTS, *catalogue.OWN, *catalogue.INVENTORIES)
    for field in declared.fields
]  # fmt: skip
IDS = [f"{field.measurement}.{field.name}" for field in FIELDS]


def lines() -> Iterator[str]:
    """What outsiders may rely on, a line each."""
    for kind, every in (
        ("measurement", catalogue.MEASUREMENTS), ("inventory", catalogue.INVENTORIES)
    ):  # fmt: skip
        for declared in every:
            for field in declared.fields:
                unit = field.unit.suffix or "one"
                of = f"{kind} {declared.name} field {field.number} {field.name}"
                yield f"{of}: {field.kind} {unit} {column_type(field)}"
                for number, code in enumerate(field.codes):
                    yield f"{of}: code {number} {code}"
    for event in catalogue.EVENTS:
        yield f"event {event.code}: {' '.join(event.keys) or 'no keys'}"
    for indicator in indicators.INDICATORS:
        method, _, _ = indicator.method.partition("@")  # a new way of computing is a new version
        yield f"indicator {indicator.name}: {indicator.unit.ucum} {method}"


def test_names_and_numbers_only_grow(golden: Callable[[str, str], None]) -> None:
    path, now = GOLDEN / "catalogue.txt", list(lines())
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    gone = [line for line in before if line not in now]
    assert not gone, "removed, renumbered or of another type; retire a field, and keep its place"
    golden("catalogue.txt", "\n".join(now) + "\n")


def test_a_name_is_used_once() -> None:
    for names in (
        [m.name for m in (*catalogue.MEASUREMENTS, *catalogue.INVENTORIES)],
        [e.code for e in catalogue.EVENTS],
        [i.name for i in indicators.INDICATORS],
    ):
        assert len(names) == len(set(names))


def test_lookups_find_by_name() -> None:
    assert catalogue.measurement("gpu") is catalogue.Gpu
    assert catalogue.inventory("device") is catalogue.Device
    assert catalogue.measurement("gpu") is catalogue.Gpu
    assert catalogue.event("gap") is catalogue.GAP
    assert indicators.indicator("power") is indicators.POWER
    for find in (catalogue.measurement, catalogue.inventory, catalogue.event, indicators.indicator):
        assert find("ghost") is None


@pytest.mark.parametrize("declared", catalogue.MEASUREMENTS, ids=lambda m: m.name)
def test_a_measurement_begins_with_its_host_and_fits_its_suspect_bits(
    declared: type[Measurement],
) -> None:
    assert declared.fields[0].name == "host"
    assert declared.fields[: len(declared.keys)] == declared.keys
    assert [field.number for field in declared.fields] == list(range(len(declared.fields)))
    assert len(declared.fields) < 63


@pytest.mark.parametrize("field", FIELDS, ids=IDS)
def test_a_field_says_what_it_is_in_both_languages(field: Field) -> None:
    assert field.doc.endswith((".", ")"))
    assert field.label("fr")
    assert field.label("en")


@pytest.mark.parametrize("field", FIELDS, ids=IDS)
def test_a_name_says_unit_and_kind(field: Field) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
    name = field.name.removesuffix("_total") if field.kind is Kind.COUNTER else field.name
    assert (name != field.name) == (field.kind is Kind.COUNTER)
    if field.unit is not ONE:
        assert name.endswith(field.unit.suffix)


def test_texts_stand_only_in_inventories() -> None:
    measured = itertools.chain.from_iterable(m.fields for m in catalogue.MEASUREMENTS)
    assert not [field.name for field in measured if field.kind is Kind.TEXT]
    for inventory in catalogue.INVENTORIES:
        assert {field.kind for field in inventory.values} == {Kind.TEXT}


def test_codes_are_for_states_and_bits() -> None:
    for field in FIELDS:
        assert bool(field.codes) == (field.kind in {Kind.STATE, Kind.BITS})
        assert len(set(field.codes)) == len(field.codes) <= 63
        assert len(field.words) == len(field.codes)
        for code in range(len(field.codes)):
            assert field.word(code, "fr")
            assert field.word(code, "en")
        assert field.word(99, "fr") == "99"


def test_events_say_what_they_are_in_both_languages_about_known_keys() -> None:
    keys = {field.name for field in FIELDS if field.kind is Kind.KEY}
    for event in catalogue.EVENTS:
        assert event.label("fr")
        assert event.label("en")
        assert set(event.keys) <= keys


def test_what_the_collector_knows_of_itself_is_for_rules_and_nobody_sends_it() -> None:
    for own in catalogue.OWN:
        assert catalogue.measurement(own.name) is own
        assert own not in catalogue.MEASUREMENTS


def test_every_declared_class_is_in_the_tables() -> None:
    def declared(of: type[Any]) -> set[type[Any]]:
        mine = {v for v in vars(catalogue).values() if isinstance(v, type) and issubclass(v, of)}
        return mine - {of}

    assert declared(Measurement) == {*catalogue.MEASUREMENTS, *catalogue.OWN}
    assert declared(Inventory) == set(catalogue.INVENTORIES)
    events = {v for v in vars(catalogue).values() if isinstance(v, Event)}
    assert events == set(catalogue.EVENTS)
