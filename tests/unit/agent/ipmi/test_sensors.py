"""The lines of `ipmitool -v -c sdr list`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ipmi.sensors import Sensor, parse

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ipmi"


def printed(maker: str) -> dict[str, Sensor]:
    text = (FIXTURES / f"sensors-{maker}.csv").read_text()
    return {sensor.name: sensor for sensor in parse(text)}


def test_a_sensor_with_a_number_has_its_limits_the_lowest_first() -> None:
    assert printed("supermicro")["CPU1 Temp"] == Sensor(
        "CPU1 Temp", (3, 1), 55, "degrees C", high=(95, 98, 100)
    )


def test_a_limit_that_is_missing_or_zero_is_none() -> None:
    assert printed("dell")["Inlet Temp"].high == (38, 42, None)
    (sensor,) = parse("T,20,degrees C,ok,7.1,B,Temperature,,,,0.000,0.000,0.000,,,,0.000,255.000")
    assert sensor.high == (None, None, None)


def test_what_is_beyond_a_limit_says_which() -> None:
    assert printed("dell")["Fan2"].state == "Lower Critical"
    assert printed("dell")["Fan1"].state == ""


@pytest.mark.parametrize("name", ["CPU2 Temp", "FAN2", "FAN3"])  # no reading; not scanned
def test_what_cannot_be_read_is_unknown_and_not_zero(name: str) -> None:
    assert printed("supermicro")[name].value is None


def test_a_sensor_with_states() -> None:
    sensors = printed("dell")
    assert sensors["PS Redundancy"].states == "Redundancy Lost"
    assert sensors["ECC Corr Err"].states is None
    assert printed("supermicro")["PS3 Status"].states == ""


def test_a_sensor_with_states_and_a_number() -> None:
    supply = printed("hpe")["Power Supply 2"]
    assert (supply.value, supply.unit) == (0, "Watts")
    assert supply.states == "Presence detected, Predictive failure"


def test_sensors_of_one_name_are_told_apart_by_what_they_are_on() -> None:
    sensors = printed("dell")
    assert (sensors["Temp 3.1"].value, sensors["Temp 3.2"].value) == (61, 84)
    assert "Temp" not in sensors


def test_a_name_can_be_shown() -> None:
    (sensor,) = parse("\x01Bad\x7f,23,degrees C,ok,7.1,System Board,Temperature" + "," * 11)
    assert sensor.name == "?Bad?"


@given(st.text() | st.text(alphabet="ab0.,\n"))
def test_other_text_is_no_sensor_and_no_crash(text: str) -> None:
    for sensor in parse(text):
        assert sensor.name
