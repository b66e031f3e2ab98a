"""What the sensors of three makers are about."""

from pathlib import Path

import pytest

from agent.ipmi.meaning import Draw, cooling, draws, environment, place
from agent.ipmi.sensors import Sensor, parse
from agent.rows import Row
from vigie.catalogue import POWER_ROLES, Cooling, Environment, Power

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ipmi"


def printed(maker: str) -> list[Sensor]:
    return parse((FIXTURES / f"sensors-{maker}.csv").read_text())


def warm(maker: str) -> dict[str, Row]:
    rows = environment(printed(maker))
    return {str(row[Environment.sensor]).removeprefix("ipmi:"): row for row in rows}


def fans(maker: str) -> dict[str, Row]:
    rows = cooling(printed(maker))
    return {str(row[Cooling.component]).removeprefix("ipmi:"): row for row in rows}


def drawn(maker: str) -> dict[str, Draw]:
    return {draw.meter: draw for draw in draws(printed(maker))}


def complaints(draw: Draw) -> set[str] | None:
    if draw.alarms is None:
        return None
    return {code for n, code in enumerate(Power.alarms.codes) if draw.alarms >> n & 1}


@pytest.mark.parametrize(
    ("maker", "places"),
    [
        ("dell", {"Inlet Temp": "inlet", "Exhaust Temp": "exhaust", "Temp 3.1": "processor"}),
        (
            "supermicro",
            {
                "CPU1 Temp": "processor", "System Temp": "board", "P1-DIMMA1 Temp": "memory",
                "NVMe_SSD Temp": "disk", "PS1 Temp": "board",
            },
        ),
        (
            "hpe",
            {"01-Inlet Ambient": "inlet", "02-CPU 1": "processor", "26-PS 1 Inlet": "board"},
        ),
    ],
)  # fmt: skip
def test_where_a_temperature_is(maker: str, places: dict[str, str]) -> None:
    found = {name: row[Environment.place] for name, row in warm(maker).items()}
    assert found | places == found


def test_a_temperature_has_the_limit_where_it_becomes_critical() -> None:
    assert warm("dell")["Inlet Temp"][Environment.temperature_celsius] == 23
    assert warm("dell")["Inlet Temp"][Environment.limit_celsius] == 42
    assert warm("supermicro")["CPU1 Temp"][Environment.limit_celsius] == 98


def test_what_is_not_read_or_is_no_temperature_is_left_out() -> None:
    names = set(warm("supermicro"))
    assert names.isdisjoint({"CPU2 Temp", "CPU1 Margin", "12V"})


def test_nothing_inside_is_at_zero_degrees_but_the_air_outside_may_be() -> None:
    assert "Peripheral Temp" not in warm("supermicro")
    cold = Sensor("Inlet Temp", (7, 1), 0.0, "degrees C")
    assert place(cold) == "inlet"
    assert environment([cold])[0][Environment.temperature_celsius] == 0


def test_an_impossible_temperature_is_left_out() -> None:
    assert environment([Sensor("CPU Temp", (3, 1), 255.0, "degrees C")]) == []


def test_a_fan_has_its_speed_in_turns_or_as_a_share() -> None:
    assert fans("dell")["Fan1"][Cooling.fan_speed_rpm] == 7080
    assert fans("hpe")["Fan 1"][Cooling.speed_ratio] == pytest.approx(0.294)
    assert fans("hpe")["Fan 1"][Cooling.running] is True


def test_a_fan_that_is_too_slow_complains() -> None:
    low, fault = (1 << Cooling.alarms.codes.index(code) for code in ("low", "fault"))
    assert fans("dell")["Fan1"][Cooling.alarms] == 0
    assert fans("dell")["Fan2"][Cooling.alarms] == low | fault
    warned = Sensor("Fan", (29, 1), 900.0, "RPM", "Lower Non-Critical")
    assert cooling([warned])[0][Cooling.alarms] == low


def test_a_fan_that_stands_still_is_told_and_one_without_reading_is_not() -> None:
    still = cooling([Sensor("Fan", (29, 1), 0.0, "RPM", "Lower Non-Recoverable")])[0]
    assert (still[Cooling.fan_speed_rpm], still[Cooling.running]) == (0, False)
    assert set(fans("supermicro")) == {"FAN1"}


def test_fans_that_lost_their_redundancy() -> None:
    lost = 1 << Cooling.alarms.codes.index("redundancy_lost")
    assert fans("hpe")["Fan Redundancy"][Cooling.alarms] == lost
    assert fans("dell")["Fan Redundancy"][Cooling.alarms] == 0


def test_power_supplies_are_metered_at_their_input() -> None:
    assert drawn("supermicro")["ipmi:psu1"] == Draw("ipmi:psu1", "supply", 208, alarms=0)
    assert drawn("hpe")["ipmi:psu1"].watts == 110
    dell = drawn("dell")["ipmi:psu1"]
    assert dell == Draw("ipmi:psu1", "supply", volts=230, amperes=0.7, alarms=0)


def test_a_power_supply_that_failed_says_how() -> None:
    assert complaints(drawn("dell")["ipmi:psu1"]) == set()
    assert complaints(drawn("dell")["ipmi:psu2"]) == {"fault", "input_lost"}
    assert complaints(drawn("supermicro")["ipmi:psu2"]) == {"input_lost"}
    assert complaints(drawn("hpe")["ipmi:psu2"]) == {"failure_predicted"}


def test_a_bay_without_a_power_supply_is_none() -> None:
    assert "ipmi:psu3" not in drawn("supermicro")


def test_redundancy_is_of_all_of_them_together() -> None:
    assert complaints(drawn("dell")["ipmi:PS Redundancy"]) == {"redundancy_lost"}


def test_parts_have_their_role_and_none_counts_as_the_whole_machine() -> None:
    assert drawn("supermicro")["ipmi:CPU1 Power"].role == "cpu"
    assert drawn("dell")["ipmi:Pwr Consumption"] == Draw("ipmi:Pwr Consumption", "other", 312)
    roles = {d.role for maker in ("dell", "supermicro", "hpe") for d in drawn(maker).values()}
    assert roles <= set(POWER_ROLES) - {"it"}
