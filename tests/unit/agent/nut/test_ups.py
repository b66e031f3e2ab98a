"""What the variables of a UPS mean."""

from pathlib import Path

import pytest

from agent.nut import ups
from agent.nut.client import words
from vigie.catalogue import Environment, Power

FIXTURES = Path(__file__).parents[3] / "fixtures" / "nut"


def said(name: str) -> dict[str, str]:
    """The variables of a captured answer."""
    lines = (FIXTURES / f"{name}.txt").read_text().splitlines()[1:-1]
    return {line[2]: line[3] for line in map(words, lines)}


def alarms(name: str) -> set[str]:
    bits = ups.numbers(said(name))[Power.alarms]
    assert isinstance(bits, int)
    return {code for n, code in enumerate(Power.alarms.codes) if bits >> n & 1}


def test_power_is_what_the_ups_measures() -> None:
    assert ups.watts(said("online")) == 938


def test_power_of_three_phases_is_their_sum() -> None:
    assert ups.watts(said("three_phase")) == 35_750


def test_a_phase_that_is_missing_leaves_the_share_of_the_nominal_power() -> None:
    variables = said("three_phase")
    del variables["output.L2.realpower"]
    assert ups.watts(variables) == pytest.approx(0.425 * 81_000)


def test_without_a_measurement_power_is_load_times_nominal() -> None:
    assert ups.watts(said("on_battery")) == pytest.approx(216.25)


def test_zero_watts_of_a_loaded_ups_are_not_believed() -> None:
    assert ups.watts(said("silent")) == pytest.approx(306.0)


def test_zero_watts_of_an_idle_ups_are_zero() -> None:
    assert ups.watts({"ups.realpower": "0", "ups.load": "0"}) == 0


def test_power_is_unknown_without_a_nominal_power() -> None:
    assert ups.watts({"ups.load": "25"}) is None


def test_fields_are_in_base_units() -> None:
    read = ups.numbers(said("online"))
    assert read[Power.utilization_ratio] == pytest.approx(0.31)
    assert read[Power.battery_charge_ratio] == 1.0
    assert read[Power.battery_runtime_seconds] == 2310
    assert read[Power.voltage_volts] == pytest.approx(230.1)
    assert read[Power.current_amperes] == pytest.approx(4.2)
    assert read[Power.frequency_hertz] == 50.0
    assert read[Power.apparent_power_voltamperes] == 967
    assert read[Power.power_factor_ratio] == pytest.approx(0.97)
    assert read[Power.capacity_watts] == 3000


@pytest.mark.parametrize(
    ("name", "on_battery", "low"),
    [("online", False, False), ("on_battery", True, False), ("low", True, True)],
)
def test_where_it_feeds_from(name: str, on_battery: bool, low: bool) -> None:
    read = ups.numbers(said(name))
    assert (read[Power.on_battery], read[Power.battery_low]) == (on_battery, low)


def test_a_status_that_says_neither_mains_nor_battery_leaves_both_unknown() -> None:
    read = ups.numbers({"ups.status": "OFF"})
    assert (read[Power.on_battery], read[Power.battery_low]) == (None, None)


def test_complaints_of_the_ups() -> None:
    assert alarms("online") == set()
    assert alarms("low") == {"fault", "replace_battery", "overload"}
    assert alarms("silent") == {"bypass"}
    assert ups.numbers({})[Power.alarms] is None


def test_a_runtime_of_zero_counts_only_when_the_battery_is_low() -> None:
    assert ups.numbers(said("low"))[Power.battery_runtime_seconds] == 0
    assert ups.numbers(said("three_phase"))[Power.battery_runtime_seconds] is None


def test_what_no_ups_can_say_is_unknown() -> None:
    assert set(ups.numbers(said("bogus")).values()) == {None}
    assert ups.watts(said("bogus")) is None
    assert ups.warmth("odd", said("bogus")) == []


def test_bounds_are_within_those_of_the_catalogue() -> None:
    for field, number in ups.NUMBERS.items():
        assert field.low is not None and field.low <= number.low  # noqa: PT018
        assert field.high is not None and number.high <= field.high  # noqa: PT018


def test_temperatures_of_the_battery_the_inside_and_the_room() -> None:
    inside = {r[Environment.sensor]: r for r in ups.warmth("rack1", said("online"))}
    assert inside["nut:rack1 battery"][Environment.temperature_celsius] == pytest.approx(27.1)
    assert inside["nut:rack1 inside"][Environment.temperature_celsius] == pytest.approx(34.5)
    (room,) = ups.warmth("hall3", said("three_phase"))
    assert room[Environment.place] == "room"
    assert room[Environment.humidity_ratio] == pytest.approx(0.41)


def test_the_device_is_known_by_its_serial_number() -> None:
    row = ups.device("rack1", "127.0.0.1:3493", said("online"))
    assert row == {
        "device": "ups-G117H09021", "kind": "ups", "model": "EATON Eaton 9PX 3000i",
        "serial": "G117H09021", "firmware": "01.15.7420", "size": "3000 W",
        "address": "rack1@127.0.0.1:3493",
    }  # fmt: skip
    assert ups.device("office", "", said("on_battery"))["serial"] == "4B1234P56789"


def test_a_serial_number_of_noughts_is_none() -> None:
    row = ups.device("hall", "127.0.0.1:3493", said("low"))
    assert (row["device"], row["serial"]) == ("ups-hall", None)
    assert row["model"] == 'Riello say "hello" C:\\'
