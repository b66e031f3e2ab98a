"""The real ipmitool against a BMC of our own: what it prints, and what we make of it."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.ipmi.bmc import Bmc
from agent.source import Found, fault
from agent.sources.ipmi_power import IpmiPower
from agent.sources.ipmi_sensors import IpmiSensors
from tests.build import bmc as made
from tests.build import machines
from vigie.catalogue import Cooling, Environment, Power
from vigie.errors import Absent, SourceFailed

pytestmark = pytest.mark.system
if shutil.which("ipmitool") is None:
    pytest.skip("ipmitool is not installed", allow_module_level=True)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ipmi"
POWERS = {
    "power": made.Power(312, 1, 488, 300, 30),
    "power-weeks": made.Power(312, 4, 900, 250, 40 * 86_400),
    "power-zero": made.Power(0, 0, 0, 0, 1),
    "power-off": made.Power(0, 0, 0, 0, 1, active=False),
}
MACHINES = {"dell": machines.DELL, "supermicro": machines.SUPERMICRO, "hpe": machines.HPE}


def power(bmc: made.Bmc, limit: float = 10.0) -> IpmiPower:
    source = IpmiPower(Bmc(limit_seconds=limit, options=bmc.options))
    source.open()
    return source


def sensors(bmc: made.Bmc) -> IpmiSensors:
    source = IpmiSensors(Bmc(limit_seconds=20, options=bmc.options))
    source.open()
    return source


def printed(bmc: made.Bmc, *question: str) -> str:
    command = ["ipmitool", *bmc.options, *question]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def squeezed(text: str) -> list[str]:
    """The words alone: versions of ipmitool differ in their ends of lines."""
    return text.split()


@pytest.mark.parametrize("name", POWERS)
def test_the_captured_powers_are_what_ipmitool_prints(name: str) -> None:
    with made.Bmc(power=POWERS[name]) as bmc:
        text = printed(bmc, "dcmi", "power", "reading")
    assert squeezed(text) == squeezed((FIXTURES / f"{name}.txt").read_text())


@pytest.mark.parametrize("maker", MACHINES)
def test_the_captured_sensors_are_what_ipmitool_prints(maker: str) -> None:
    number = machines.HPE_NUMBER if maker == "hpe" else 0
    with made.Bmc(MACHINES[maker], maker=number) as bmc:
        text = printed(bmc, "-v", "-c", "sdr", "list")
    assert squeezed(text) == squeezed((FIXTURES / f"sensors-{maker}.csv").read_text())


def test_power_and_sensors_of_a_machine() -> None:
    with made.Bmc(machines.DELL, POWERS["power"]) as bmc:
        drawn, rest = power(bmc).read(0), sensors(bmc).read(0)
    assert drawn.columns[Power.power_watts] == [300]
    assert "ipmi:Inlet Temp" in rest.columns[Environment.sensor]
    assert rest.columns[Cooling.fan_speed_rpm][:2] == [7080, 240]
    assert fault(rest, IpmiSensors.measurements) is None


@pytest.mark.parametrize(
    ("code", "word"),
    [(made.BUSY, "busy"), (made.DENIED, "denied"), (0xC3, "timeout"), (0xD5, "bmc")],
)
def test_a_bmc_that_refuses_is_a_failure(code: int, word: str) -> None:
    with made.Bmc(machines.DELL, POWERS["power"], refuses=code) as bmc:
        reads: list[Callable[[int], Found]] = [power(bmc).read, sensors(bmc).read]
        for read in reads:
            with pytest.raises(SourceFailed) as caught:
                read(0)
            assert caught.value.code == word


def test_a_bmc_without_dcmi_is_absent_and_its_sensors_are_read() -> None:
    with made.Bmc(machines.DELL) as bmc:
        with pytest.raises(Absent, match="Invalid command"):
            power(bmc).read(0)
        assert sensors(bmc).read(0).columns


def test_a_bmc_that_hangs_costs_its_limit_and_leaves_nothing_behind() -> None:
    with made.Bmc(power=POWERS["power"], silent=True) as bmc:
        source, began = power(bmc, limit=1.0), time.monotonic()
        for _ in range(2):
            with pytest.raises(SourceFailed) as caught:
                source.read(0)
            assert caught.value.code == "timeout"
        assert time.monotonic() - began < 10
        assert running(str(bmc.port)) == []
        bmc.silent = False
        assert source.read(0).columns[Power.power_watts] == [300]


def test_slow_sensors_do_not_delay_the_power() -> None:
    with made.Bmc(machines.DELL, POWERS["power"], delay=0.02) as bmc:
        slow, found = sensors(bmc), list[Found]()
        reading = threading.Thread(target=lambda: found.append(slow.read(0)))
        reading.start()
        assert power(bmc).read(0).columns[Power.power_watts] == [300]
        assert reading.is_alive()  # still at its sensors
        reading.join()
    assert "ipmi:Inlet Temp" in found[0].columns[Environment.sensor]


def running(port: str) -> list[str]:
    """The command lines of every ipmitool that asks that port."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # ended meanwhile
        if "ipmitool" in words[0] and port in words:
            found.append(" ".join(words))
    return found
