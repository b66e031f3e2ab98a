"""UPSes of a real upsd, whose dummy driver says what a test writes into a file."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from agent.nut.client import words
from agent.source import Found, fault
from agent.sources.ups_nut import UpsReader
from tests.build.programs import free_port
from vigie.catalogue import Power
from vigie.errors import SourceFailed
from vigie.shape import Field, Value

pytestmark = pytest.mark.system

PROGRAMS = Path("/lib/nut")
"""Where Debian has the programs; /usr/sbin/upsd wants to be enabled first."""
FIXTURES = Path(__file__).parents[1] / "fixtures" / "nut"
UPSES = {"rack1": "online", "office": "on_battery"}
SECONDS = 15.0
if not (PROGRAMS / "dummy-ups").exists():
    pytest.skip("NUT is not installed: apt-get install nut-server", allow_module_level=True)


class Nut:
    """upsd and one driver for each UPS, in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            **dict.fromkeys(("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH"), str(directory)),
        }
        self._user = ("-u", "root") if os.getuid() == 0 else ()  # else it becomes another
        self._running = ExitStack()
        self.drivers: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        ups_conf = ""
        for ups, fixture in UPSES.items():
            self.says(ups, captured(fixture))
            ups_conf += (
                f"[{ups}]\ndriver = dummy-ups\nport = {self._file(ups)}\nmode = dummy-once\n"
            )
        (self.directory / "ups.conf").write_text(ups_conf)
        (self.directory / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 15\n")
        (self.directory / "upsd.users").touch()
        for name in ("ups.conf", "upsd.conf", "upsd.users"):
            (self.directory / name).chmod(0o640)
        for ups in UPSES:
            self.drivers[ups] = self._start("dummy-ups", "-a", ups)
        self._start("upsd")
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def says(self, ups: str, variables: Mapping[str, str]) -> None:
        """What the driver of a UPS reads next."""
        text = "".join(f"{name}: {value}\n" for name, value in variables.items())
        self._file(ups).write_text(text)

    def _file(self, ups: str) -> Path:
        return self.directory / f"{ups}.dev"

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.directory / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(
                [PROGRAMS / program, "-F", *self._user, *arguments],
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

        def end() -> None:
            process.kill()
            process.wait()

        self._running.callback(end)
        return process


def captured(fixture: str) -> dict[str, str]:
    lines = (FIXTURES / f"{fixture}.txt").read_text().splitlines()[1:-1]
    return {line[2]: line[3] for line in map(words, lines)}


@pytest.fixture
def nut(tmp_path: Path) -> Iterator[Nut]:
    with Nut(tmp_path) as running:
        yield running


def rows(found: Found) -> dict[Value, dict[Field, Value]]:
    columns = {f: c for f, c in found.columns.items() if f.measurement == Power.name}
    meters = columns.get(Power.meter, ())
    return {m: {f: c[n] for f, c in columns.items()} for n, m in enumerate(meters)}


def read_until(nut: Nut, expected: Mapping[str, float | None] | str) -> Found:
    """Read until the watts of each UPS, or the words of a failure, are as expected.

    upsd learns of changes by and by. After a failure there is nothing found.
    """
    source, end, last = UpsReader(nut.address), time.monotonic() + SECONDS, ""
    while time.monotonic() < end:
        found = Found({})
        try:
            source.open()
            found = source.read(time.time_ns())
            seen: Mapping[Value, Value] | str = {
                meter: row[Power.power_watts] for meter, row in rows(found).items()
            }
        except SourceFailed as failed:
            seen = str(failed)
        if seen == expected or (isinstance(expected, str) and expected in str(seen)):
            return found
        last = str(seen)
        time.sleep(0.2)
    raise AssertionError(f"expected {expected}, last: {last}")


def test_what_a_real_upsd_tells_of_its_upses(nut: Nut) -> None:
    found = read_until(nut, {"nut:rack1": 938, "nut:office": 216.25})
    assert fault(found, UpsReader.measurements) is None
    assert rows(found)["nut:rack1"][Power.battery_charge_ratio] == 1
    assert rows(found)["nut:office"][Power.on_battery] is True
    assert found.devices is not None
    assert {d["device"] for d in found.devices} == {"ups-G117H09021", "ups-4B1234P56789"}


def test_a_driver_that_ends_leaves_its_ups_unknown_and_the_other_goes_on(nut: Nut) -> None:
    read_until(nut, {"nut:rack1": 938, "nut:office": 216.25})
    nut.drivers["office"].kill()
    found = read_until(nut, {"nut:rack1": 938, "nut:office": None})
    assert rows(found)["nut:office"][Power.on_battery] is None
    nut.drivers["rack1"].kill()
    read_until(nut, "knows nothing of rack1 (DRIVER-NOT-CONNECTED), office (DRIVER-NOT-CONNECTED)")


def test_a_change_of_the_ups_arrives(nut: Nut) -> None:
    nut.says("rack1", {"ups.status": "OB LB", "ups.realpower": "400"})
    nut.drivers["rack1"].kill()
    nut.drivers["rack1"].wait()
    nut.drivers["rack1"] = nut._start("dummy-ups", "-a", "rack1")
    found = read_until(nut, {"nut:rack1": 400, "nut:office": 216.25})
    row = rows(found)["nut:rack1"]
    assert (row[Power.on_battery], row[Power.battery_low]) == (True, True)
