from pathlib import Path
from typing import Any

import pyarrow as pa

from collector.store import disk
from tests.build import requests
from tests.build.requests import SECOND, START
from tests.build.stores import Opened
from vigie.catalogue import Gpu, Host
from vigie.shape import Measurement


def test_newest_rows_are_as_before_and_columns_that_nobody_sends_take_no_room(
    tmp_path: Path,
) -> None:
    readings = {"host": ["h"] * 2, "gpu": ["a", "b"], "power_watts": [1.0, None]}
    with Opened(tmp_path) as run:
        run.send(requests.frame(1, START, {Gpu: readings}))
        before = run.store.live.table("gpu")
        run.flush()
    with pa.ipc.open_stream(pa.py_buffer(disk.unsummed(tmp_path / "live/gpu.arrow"))) as reader:
        written = reader.read_all().column_names
    assert "power_watts" in written
    assert "temperature_celsius" not in written
    with Opened(tmp_path) as run:
        assert run.store.live.table("gpu").equals(before)


def test_only_measurements_that_came_since_the_last_flush_are_written_again(tmp_path: Path) -> None:
    def inode(name: str) -> int:
        return (tmp_path / f"live/{name}.arrow").stat().st_ino

    host: dict[type[Measurement], dict[str, Any]] = {Host: {"host": ["h"], "cpu_busy_ratio": [0.5]}}
    with Opened(tmp_path) as run:
        run.send(requests.frame(1, START, host))
        run.send(requests.frame(2, START, {Gpu: {"host": ["h"], "gpu": ["a"]}}))
        run.flush()
        hosts, gpus = inode("host"), inode("gpu")
        run.send(requests.frame(3, START + SECOND, host))
        run.flush()
        assert inode("gpu") == gpus
        assert inode("host") != hosts
        hosts = run.store.live.table("host")
    with Opened(tmp_path) as run:
        assert run.store.live.table("host").equals(hosts)
        assert len(run.store.live.table("gpu")) == 1
