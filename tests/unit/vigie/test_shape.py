from vigie.frame import column_type
from vigie.shape import Kind, Measurement, Quality, bits, counter, flag, gauge, key, state
from vigie.units import BYTE, JOULE, ONE, WATT


class Lamp(Measurement, name="lamp", period_seconds=5, fr="Lampe", en="Lamp"):
    """One lamp.

    More about it.
    """

    lamp = key("Name.", fr="Lampe", en="Lamp")
    power_watts = gauge(WATT, 0, 60, "Power.", fr="Puissance", en="Power")
    light_bytes = gauge(BYTE, 0, 9, "Memory.", fr="Mémoire", en="Memory")
    energy_joules_total = counter(JOULE, "Energy.", high_rate=60, fr="Énergie", en="Energy")
    switches_total = counter(ONE, "Switches.", fr="Allumages", en="Switches")
    mood = state(dict.fromkeys(("dim", "bright"), ("mot", "word")), "Mood.", fr="Humeur", en="Mood")
    faults = bits(dict.fromkeys(("hot",), ("mot", "word")), "Faults.", fr="Défauts", en="Faults")
    lit = flag("Lit.", fr="Allumée", en="Lit")


def test_fields_are_numbered_as_they_stand() -> None:
    assert [(f.number, f.name) for f in Lamp.fields][:3] == [
        (0, "lamp"),
        (1, "power_watts"),
        (2, "light_bytes"),
    ]
    assert Lamp.keys == (Lamp.lamp,)
    assert Lamp.values == Lamp.fields[1:]
    assert Lamp.period_seconds == 5
    assert Lamp.doc == "One lamp."


def test_the_attribute_is_the_field_and_hashes_as_itself() -> None:
    assert Lamp.field("power_watts") is Lamp.power_watts
    assert Lamp.field("ghost") is None
    assert {Lamp.power_watts: [1.0]}[Lamp.power_watts] == [1.0]
    assert Lamp.power_watts.full_name == "vigie_lamp_power_watts"


def test_each_kind_has_a_type_on_the_wire() -> None:
    assert [column_type(f) for f in Lamp.fields] == [
        "string", "double", "int64", "double", "int64", "int32", "int64", "bool",
    ]  # fmt: skip


def test_a_state_is_plausible_within_its_words() -> None:
    assert (Lamp.mood.low, Lamp.mood.high) == (0, 1)
    assert Lamp.energy_joules_total.high == 60
    assert Lamp.faults.kind is Kind.BITS


def test_quality_is_stored_best_first() -> None:
    assert [q.code for q in Quality] == [0, 1, 2, 3]
    assert Quality.MEASURED.code < Quality.DECLARED.code
