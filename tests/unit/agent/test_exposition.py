"""The page of metrics, as Prometheus reads it."""

import contextlib
import socket
import urllib.request
from collections.abc import Callable, Iterator
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.encode import Contents
from agent.exposition import Exposition, Server
from agent.source import Found
from vigie.catalogue import Disk, DiskIo, Filesystem, Host, Power, Source
from vigie.shape import Columns

HOST_ROW: Columns = {
    Host.cpu_count: [2], Host.cpu_busy_seconds_total: [12.5], Host.cpu_busy_ratio: [None],
    Host.load1: [0.25], Host.memory_total_bytes: [2**34],
}  # fmt: skip
DISKS: Columns = {
    DiskIo.device: ["nvme0n1", "sda"], DiskIo.read_bytes_total: [10, None],
    DiskIo.io_time_seconds_total: [0.5, 1e-7],
}  # fmt: skip
MOUNT: Columns = {
    Filesystem.mount: ['/data "x"\\y'], Filesystem.size_bytes: [10**12],
    Filesystem.read_only: [True],
}  # fmt: skip
SOURCES: Columns = {Source.source: ["host", "agent"], Source.status: [3, 0]}


def page(*turns: Columns, container: str = "lyon/c1") -> Exposition:
    exposition = Exposition(container)
    for number, columns in enumerate(turns):
        for rows in Contents().add(number * 10**9, Found(columns), "h1"):
            exposition.update("any", rows, rows.measurement.period_seconds, 100.0)
    return exposition


def families(text: str) -> dict[str, tuple[str, dict[tuple[str, ...], float]]]:
    return {
        f.name: (f.type, {tuple(sorted(s.labels.values())): s.value for s in f.samples})
        for f in text_string_to_metric_families(text)
    }


def test_the_page_as_it_is(golden: Callable[[str, str], None]) -> None:
    golden("exposition.txt", page(HOST_ROW, DISKS, MOUNT, SOURCES).text(100.0))


def test_a_prometheus_reads_it() -> None:
    read = families(page(HOST_ROW, DISKS, MOUNT, SOURCES).text(100.0))
    assert read["vigie_host_load1"] == ("gauge", {("h1", "lyon/c1"): 0.25})
    assert read["vigie_host_cpu_busy_seconds"] == ("counter", {("h1", "lyon/c1"): 12.5})
    assert read["vigie_disk_io_io_time_seconds"][1][("h1", "lyon/c1", "sda")] == 1e-7
    assert read["vigie_filesystem_read_only"][1] == {('/data "x"\\y', "h1", "lyon/c1"): 1.0}
    assert read["vigie_source_status"][1][("h1", "host", "lyon/c1")] == 3.0


def test_what_is_unknown_is_not_there() -> None:
    text = page(HOST_ROW, DISKS).text(100.0)
    assert "cpu_busy_ratio" not in text
    assert 'vigie_disk_io_read_bytes_total{container="lyon/c1",host="h1",device="sda"}' not in text


def test_stale_rows_are_not_there() -> None:
    exposition = page(HOST_ROW)
    assert exposition.text(102.9)
    assert exposition.text(103.1) == ""


def test_a_row_that_is_gone_at_the_last_turn_is_gone() -> None:
    fewer: Columns = {DiskIo.device: ["sda"], DiskIo.read_bytes_total: [7]}
    assert "nvme0n1" not in page(DISKS, fewer).text(100.0)


def test_of_two_turns_in_one_frame_the_newer_is_shown() -> None:
    contents = Contents()
    contents.add(1, Found({Host.load1: [1.0]}), "h1")
    [rows] = contents.add(10**9, Found({Host.load1: [2.0]}), "h1")
    exposition = Exposition("lyon/c1")
    exposition.update("host", rows, 1.0, 100.0)
    assert families(exposition.text(100.0))["vigie_host_load1"][1] == {("h1", "lyon/c1"): 2.0}


def test_rows_of_one_measurement_from_two_sources_stand_in_one_block() -> None:
    exposition, contents = Exposition("lyon/c1"), Contents()
    for source, meter in (("rapl", "package-0"), ("ups", "rack"), ("ups2", "rack")):
        [rows] = contents.add(10**9, Found(power(meter)), "h1")
        exposition.update(source, rows, 10.0, 100.0)
    text = exposition.text(100.0)
    assert text.count("# TYPE vigie_power_power_watts gauge") == 1
    assert text.count('meter="rack"') == 1  # a row that two tell is shown once
    assert 'meter="package-0"' in text


def test_a_source_that_gives_some_rows_a_turn_loses_none_of_them() -> None:
    exposition = Exposition("lyon/c1")
    for number, disk in enumerate(("a", "b", "a")):
        columns: Columns = {Disk.disk: [disk], Disk.power_on_seconds_total: [3600.0 + number]}
        [rows] = Contents().add(number, Found(columns), "h1")
        exposition.update("disk_smart", rows, 10.0, 100.0 + number)
    shown = families(exposition.text(110.0))["vigie_disk_power_on_seconds"][1]
    assert {labels[0]: value for labels, value in shown.items()} == {"a": 3602.0, "b": 3601.0}
    assert 'disk="b"' not in exposition.text(101.0 + 3 * Disk.period_seconds + 0.5)


def power(meter: str) -> Columns:
    keys = {Power.meter: [meter], Power.role: ["it"], Power.phase: ["all"]}
    return {**keys, Power.method: ["gauge"], Power.power_watts: [100.0]}


@pytest.fixture
def url() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), page(HOST_ROW), lambda: 100.0)
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def test_it_is_served(url: str) -> None:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert b"vigie_host_load1" in answer.read()
    with urllib.request.urlopen(f"{url}/healthz") as answer:
        assert answer.read() == b"ok\n"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405)]
)
def test_nothing_else_is(url: str, method: str, path: str, status: int) -> None:
    request = urllib.request.Request(url + path, method=method)
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == status
    refused.value.close()


def test_rubbish_and_hang_ups_stop_nothing(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    for rubbish in (b"", b"\r\n\r\n", b"x" * 10_000, bytes(100) + b"\r\n\r\n"):
        with socket.create_connection((host, int(port))) as connection:
            connection.settimeout(5)
            with contextlib.suppress(OSError):  # it may hang up first
                connection.sendall(rubbish)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)
    test_it_is_served(url)
