"""UPSes as a source: one row each, whatever becomes of one of them."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.source import Found, fault
from agent.sources.ups_nut import ADDRESS, UpsReader
from vigie.catalogue import Environment, Power
from vigie.errors import Absent, SourceFailed
from vigie.shape import Field, Quality, Value

FIXTURES = Path(__file__).parents[3] / "fixtures" / "nut"
STALE = "ERR DATA-STALE\n"


def captured(*names: str) -> dict[str, str]:
    """Answers to LIST VAR, by name of the UPS that they are about."""
    texts = [(FIXTURES / f"{name}.txt").read_text() for name in names]
    return {text.split()[3]: text for text in texts}


@contextmanager
def upsd(upses: Mapping[str, str]) -> Iterator[str]:
    """A server that answers any number of clients from `upses`; its address."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    connection.sendall(answer(line.decode().split()).encode())

    def answer(question: list[str]) -> str:
        if question == ["LIST", "UPS"]:
            listed = "".join(f'UPS {name} ""\n' for name in upses)
            return f"BEGIN LIST UPS\n{listed}END LIST UPS\n"
        return upses[question[2]]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


class Clock:
    """Seconds that a test moves on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def reader(
    address: str, clock: Clock | None = None, roles: Mapping[str, str] | None = None
) -> UpsReader:
    source = UpsReader(address, roles, seconds=clock or Clock())
    source.open()
    return source


def row(found: Found, meter: str) -> dict[Field, Value]:
    at = list(found.columns[Power.meter]).index(meter)
    return {f: cells[at] for f, cells in found.columns.items() if f.measurement == Power.name}


def test_each_ups_is_a_row_with_the_role_ups() -> None:
    with upsd(captured("online", "on_battery")) as address:
        found = reader(address).read(0)
    assert fault(found, UpsReader.measurements) is None
    assert found.columns[Power.meter] == ["nut:rack1", "nut:office"]
    assert found.columns[Power.role] == ["ups", "ups"]
    assert found.columns[Power.method] == ["gauge", "gauge"]
    assert row(found, "nut:rack1")[Power.power_watts] == 938
    assert row(found, "nut:office")[Power.on_battery] is True
    assert list(found.columns[Environment.sensor]) == ["nut:rack1 battery", "nut:rack1 inside"]


def test_a_role_can_be_set() -> None:
    with upsd(captured("online")) as address:
        found = reader(address, roles={"nut:rack1": "it"}).read(0)
    assert found.columns[Power.role] == ["it"]


def test_energy_is_integrated_with_its_error_stated() -> None:
    clock = Clock()
    with upsd(captured("online")) as address:
        source = reader(address, clock)
        assert row(source.read(0), "nut:rack1")[Power.energy_joules_total] == 0
        clock.now += 10
        found = source.read(0)
    read = row(found, "nut:rack1")
    assert read[Power.energy_joules_total] == pytest.approx(9380)
    assert read[Power.energy_error_ratio] == 0.75
    assert found.quality == {"power": [Quality.ESTIMATED]}


def test_a_ups_without_power_has_no_energy_and_nothing_is_estimated() -> None:
    with upsd(captured("bogus")) as address:
        found = reader(address).read(0)
    read = row(found, "nut:odd")
    assert found.quality == {"power": [Quality.MEASURED]}
    assert read[Power.power_watts] is None
    assert read[Power.energy_joules_total] is None
    assert read[Power.energy_error_ratio] is None


def test_a_stale_ups_has_unknown_fields_and_the_others_go_on() -> None:
    clock = Clock()
    upses = captured("online", "on_battery")
    with upsd(upses) as address:
        source = reader(address, clock)
        before = source.read(0)
        upses["rack1"], clock.now = STALE, clock.now + 60
        found = source.read(0)
    stale = row(found, "nut:rack1")
    assert fault(found, UpsReader.measurements) is None
    assert (stale[Power.power_watts], stale[Power.on_battery]) == (None, None)
    assert stale[Power.gap_seconds_total] == 60
    assert row(found, "nut:office")[Power.on_battery] is True
    assert found.devices == before.devices


def test_all_of_them_stale_is_a_failure_that_names_them() -> None:
    with upsd({"rack1": STALE, "hall": STALE}) as address, pytest.raises(SourceFailed) as caught:
        reader(address).read(0)
    assert caught.value.code == "stale"
    assert "rack1 (DATA-STALE), hall (DATA-STALE)" in str(caught.value)


def test_an_upsd_without_a_ups_is_well() -> None:
    with upsd({}) as address:
        found = reader(address).read(0)
    assert (found.columns, found.quality, found.devices) == ({}, {}, [])


def test_nobody_at_the_default_address_means_that_there_is_no_ups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(Absent, match=ADDRESS):
        UpsReader().open()
    with pytest.raises(SourceFailed) as caught:
        UpsReader("ups.example:3493").open()
    assert caught.value.code == "refused"


def test_reading_before_open_is_a_failure() -> None:
    with pytest.raises(SourceFailed, match="before open"):
        UpsReader().read(0)
