"""Out of sums of devices comes, to the bit, what rows over devices say."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from collector.rollups import over
from collector.rollups.groups import numbers
from collector.rollups.roll import roll
from collector.rollups.window import gauge
from collector.store import schema
from tests.build.shelf import at
from vigie.catalogue import Gpu
from vigie.shape import Field

SUFFIXES = ("sum", "count", "means", "devices", "min", "max", "p50", "p95", "p99", "sketch")


def windows() -> pa.Table:
    """One minute of eleven GPUs in three containers; those of the second never tell power."""
    rows = [
        {
            "time": at(step / 8), "container": f"s/{number % 3}", "host": "h",
            "gpu": f"g{number:02}", "quality": 0, "suspect": 0,
            "power_watts": None if number % 3 == 1 or number == 5 else 100 + number / 7 + step / 3,
            "memory_used_bytes": 2**40 + number * 10**9 + step,
        }
        for number in range(11)
        for step in range(number % 4 + 1)
    ]  # fmt: skip
    return roll(Gpu, pa.Table.from_pylist(rows, schema=schema.raw(Gpu)), 60)


@pytest.mark.parametrize("declared", [Gpu.power_watts, Gpu.memory_used_bytes])
@pytest.mark.parametrize("shuffled", [False, True])
def test_it_is_what_rows_over_devices_say(declared: Field, *, shuffled: bool) -> None:
    rows = windows()
    wanted = over.over(Gpu, rows, 60, None, [declared]).rows
    if shuffled:  # containers in two pieces each, their devices still in order
        late = pc.greater(rows["gpu"], "g05").to_numpy(zero_copy_only=False)
        rows = rows.take(pa.array(np.argsort(late, kind="stable")))
    containers = rows["container"].combine_chunks().dictionary_encode()
    container = containers.indices.to_numpy().astype(np.int64)
    suffixes = {"total": "sum", "count": "count", "low": "min", "high": "max"}
    devices = {n: numbers(rows[f"{declared.name}_{s}"]) for n, s in suffixes.items()}
    types = {s: over.schema(Gpu).field(f"{declared.name}_{s}").type for s in SUFFIXES}
    made = gauge(devices, container, len(containers.dictionary), types)
    order = pc.sort_indices(containers.dictionary)
    for suffix, kind in types.items():
        assert made[suffix].type == kind
        found = made[suffix].take(order).to_pylist()
        assert found == wanted[f"{declared.name}_{suffix}"].to_pylist(), suffix


def test_what_no_device_of_a_container_told_is_unknown() -> None:
    devices = {"count": np.array([0.0, 2.0]), "total": np.array([0.0, 6.0])}
    types = dict.fromkeys(("sum", "count", "p95"), pa.float64())
    made = gauge(devices, np.array([0, 1]), 2, types)
    assert {name: column.to_pylist() for name, column in made.items()} == {
        "sum": [None, 6.0], "count": [None, 2.0], "p95": [None, 3.0],
    }  # fmt: skip
