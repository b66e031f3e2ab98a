"""What GPUs used is the same out of rollups over devices, of however many."""

import random

import numpy as np
import pytest

from collector.duties.facts import MOST_ROWS, Around, Asked, Gatherer
from collector.duties.fleets import Fleets
from collector.duties.roll import Roll
from collector.grid.table import Packaged
from collector.kpis.facts import GpuUse
from collector.kpis.meters import Total
from collector.kpis.period import between
from collector.kpis.reasons import Reason
from tests.build.shelf import Shelf, at
from vigie.catalogue import Gpu
from vigie.network.load import Network
from vigie.network.operators import Operator
from vigie.network.places import Capacity, Container, Site

NETWORK = Network(
    "n",
    (Operator("self", "Us"),),
    (Site("s", "Cannes", "self", zone="FR", timezone="Europe/Paris"),),
    tuple(Container(n, n, "s", capacity=Capacity(power_watts=1e6)) for n in ("c", "d")),
)
NOTHING = Total(None, Reason.NO_METER, 0.0, None, 0.0, (), (), {})


def told(*, gaps: bool) -> Shelf:
    """Seven GPUs of two containers for four hours, idle by the hour; with gaps some are silent."""
    shelf, draw = Shelf(), random.Random(4)
    for container in ("s/c", "s/d"):
        for gpu in range(3 + (container == "s/d")):
            seconds, joules, rows = draw.uniform(0, 20), 1e6, []
            while seconds < 4.2 * 3600:
                busy = 0.6 if (int(seconds) // 3600 + gpu) % 3 else 0.0
                rows.append(
                    {
                        "time": at(seconds / 60), "container": container, "host": "h",
                        "gpu": f"g{gpu}", "energy_joules_total": joules, "sm_active_ratio": busy,
                    }
                )  # fmt: skip
                step = 900.0 if gaps and draw.random() < 0.02 else 20.0
                seconds += step
                joules += (100 + 500 * busy) * step
            shelf.put(Gpu, *rows)
    return shelf


def used(shelf: Shelf, start: float, end: float) -> dict[str, GpuUse]:
    gatherer = Gatherer(shelf, Around(Packaged()))
    span = between(at(start), at(end), at(60 * 24 * 900))
    asked = Asked("", ("",), NETWORK)
    (facts,) = gatherer.gather(asked, [span], at(60 * 24 * 900), NOTHING)
    return {p.container.name: p.gpus for p in facts.plants if p.gpus is not None}


@pytest.mark.slow
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("start", "end"), [(0, 240), (30, 210)])
def test_it_is_what_the_gpus_used_one_by_one(gaps: bool, start: float, end: float) -> None:
    shelf = told(gaps=gaps)
    Roll(shelf, measurements=[Gpu]).run(at(270))
    assert "gpu_over_1h" in shelf.tables
    shelf.scanned.clear()
    found = used(shelf, start, end)
    assert "gpu_over_1h" in shelf.scanned
    assert "gpu_1h" not in shelf.scanned
    for name in [n for n in shelf.tables if "over" in n]:
        del shelf.tables[name], shelf.properties[name]
    wanted = used(shelf, start, end)
    assert found.keys() == wanted.keys() == {"c", "d"}
    for name, want in wanted.items():
        have = found[name]
        # What lies in a silence over an end of the period is known to rows over devices alone.
        inner = slice(1, -1) if gaps else slice(None)
        assert have.energy.amount[inner] == pytest.approx(want.energy.amount[inner])
        assert have.energy.covered[inner] == pytest.approx(want.energy.covered[inner], abs=1e-3)
        assert have.energy.sources == (f"s/{name}: {3 + (name == 'd')} GPU (driver)",)
        assert have.activity.amount == pytest.approx(want.activity.amount, abs=5e-3)
        assert have.count.amount[inner].tolist() == want.count.amount[inner].tolist()
        if not gaps:
            assert have.idle.amount == pytest.approx(want.idle.amount, rel=5e-3)
            assert have.energy.known.tolist() == want.energy.known.tolist()


def test_no_gpu_is_left_out_where_there_are_too_many_to_read_one_by_one() -> None:
    shelf = told(gaps=False)
    Roll(shelf, measurements=[Gpu]).run(at(270))
    shelf.sizes = {"gpu_1h": MOST_ROWS + 1, "gpu_1m": MOST_ROWS + 1}
    assert used(shelf, 0, 240).keys() == {"c", "d"}
    del shelf.properties["gpu_over_1h"]
    assert used(shelf, 0, 240) == {}


@pytest.mark.slow
def test_what_is_not_rolled_up_yet_is_added_up_from_readings() -> None:
    shelf = told(gaps=False)
    Roll(shelf, measurements=[Gpu]).run(at(236.6))
    found = used(shelf, 180, 240)
    assert "gpu" in shelf.scanned
    assert np.isfinite(found["c"].energy.amount).all()
    for name in [n for n in shelf.tables if "over" in n]:
        del shelf.tables[name], shelf.properties[name]
    wanted = used(shelf, 180, 240)
    assert found["c"].energy.amount == pytest.approx(wanted["c"].energy.amount)


def test_nothing_is_used_where_nothing_is_told() -> None:
    rows = Shelf().scan("gpu_over_1h", None, at(0), at(1), [""], {})
    assert Fleets(Gpu, rows, (at(0), at(60))).uses(slice(0, 1), None) == {}  # type: ignore[arg-type]
