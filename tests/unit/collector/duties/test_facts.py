"""What is read of the store becomes facts: each quantity where it belongs, once, hour by hour."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from collector.duties.facts import MOST_ROWS, TOO_MANY, Around, Asked, Gatherer
from collector.duties.roll import Roll
from collector.grid.table import Packaged
from collector.kpis.facts import Facts, Plant
from collector.kpis.meters import Total
from collector.kpis.period import Period, between
from collector.kpis.reasons import Reason
from tests.build.shelf import Shelf, at, load
from vigie.catalogue import (
    Environment,
    Fragments,
    Gpu,
    Heat,
    Host,
    Link,
    Power,
    Queue,
    Water,
)
from vigie.errors import QueryError
from vigie.network.load import Network
from vigie.network.meters import Meter
from vigie.network.operators import Operator, Status
from vigie.network.places import Capacity, Container, Lifecycle, Site
from vigie.shape import Measurement

SITE = Site("s", "Cannes", "self", zone="FR", timezone="Europe/Paris")
ONE = Container("c", "One", "s", capacity=Capacity(power_watts=10_000))
NETWORK = Network("n", (Operator("self", "Us"),), (SITE,), (ONE,))
NOTHING = Total(None, Reason.NO_METER, 0.0, None, 0.0, (), (), {})
HERE = {"container": "s/c", "host": "none"}
MEDIA: Sequence[type[Measurement]] = (Power, Water, Heat, Queue, Link, Fragments, Gpu, Host)


def gathered(
    shelf: Shelf, start: float, end: float, network: Network = NETWORK, around: Around | None = None
) -> Facts:
    span = between(at(start), at(end), at(60 * 24 * 900))
    gatherer = Gatherer(shelf, around or Around(Packaged()))
    return gatherer.gather(Asked("", ("",), network), [span], at(60 * 24 * 900), NOTHING)[0]


def only(facts: Facts) -> Plant:
    (plant,) = facts.plants
    return plant


def every(
    shelf: Shelf, measurement: type[Measurement], minutes: Sequence[float],
    cells: Mapping[str, float], **keys: str,
) -> None:  # fmt: skip
    """Readings once a minute: a counter (`_total`) grows by so much a second, a gauge stands."""
    shelf.put(
        measurement,
        *(
            {
                **HERE, **keys, "time": at(minute),
                **{n: v * (minute + 1e4) * 60 if n.endswith("_total") else v
                   for n, v in cells.items()},
            }
            for minute in minutes
        ),
    )  # fmt: skip


DAY = range(-5, 185)
"""Minutes of readings around three hours."""
OFTEN = [third / 3 for third in range(-15, 555)]
"""The same, three times a minute."""


def test_power_is_told_by_role_and_hour_of_utc_with_cut_ends() -> None:
    shelf = Shelf()
    for role, watts in (("site", 1300.0), ("ups", 1000.0), ("cooling", 200.0)):
        shelf.arrive(load(-5, 185, watts=watts, meter=role, role=role, host="none"))
    facts = gathered(shelf, 30, 150)
    assert [e.minute for e in facts.edges] == [30, 0, 0, 30]
    plant = only(facts)
    assert {r: h.amount.tolist() for r, h in plant.energy.items()} == {
        role: pytest.approx([watts * 1800, watts * 3600, watts * 1800])
        for role, watts in (("site", 1300), ("ups", 1000), ("cooling", 200))
    }
    assert plant.energy["site"].known.all()
    assert plant.exported is None
    assert plant.alive is not None
    assert plant.alive.amount.tolist() == pytest.approx([1800, 3600, 1800])


def test_what_a_site_gives_back_is_apart() -> None:
    shelf = Shelf()
    shelf.arrive(load(-5, 65, meter="in", role="site", host="none",
                      energy_exported_joules_total=5.0))  # fmt: skip
    exported = only(gathered(shelf, 0, 60)).exported
    assert exported is not None
    assert exported.total == 0


def test_water_and_heat_are_told_by_role() -> None:
    shelf = Shelf()
    every(shelf, Water, DAY, {"volume_cubic_meters_total": 0.01}, meter="w", role="withdrawn")
    every(shelf, Water, DAY, {"flow_cubic_meters_per_second": 0.002}, meter="r", role="returned")
    every(shelf, Heat, DAY, {"energy_joules_total": 5e4}, meter="h", role="removed")
    plant = only(gathered(shelf, 0, 180))
    assert plant.water["withdrawn"].amount.tolist() == pytest.approx([36] * 3)
    assert plant.water["returned"].amount.tolist() == pytest.approx([7.2] * 3)
    assert plant.heat["removed"].amount.tolist() == pytest.approx([1.8e8] * 3)


def test_a_meter_declared_behind_another_of_its_role_is_not_added() -> None:
    shelf = Shelf()
    for name in ("all", "pump"):
        shelf.arrive(load(-5, 65, watts=100, meter=name, role="cooling", host="none"))
    meters = (Meter("s/c", "all", "cooling"), Meter("s/c", "pump", "cooling", parent="all"))
    network = dataclasses.replace(NETWORK, meters=meters)
    assert only(gathered(shelf, 0, 60, network)).energy["cooling"].total == pytest.approx(3.6e5)
    assert only(gathered(shelf, 0, 60)).energy["cooling"].total == pytest.approx(7.2e5)


def test_doubts_are_told_of_meters_that_jump_beyond_what_the_place_was_built_for() -> None:
    shelf = Shelf()
    shelf.arrive(load(-5, 30, meter="in", role="site", host="none", power_watts=None))
    shelf.arrive(load(30, 65, meter="in", role="site", host="none", power_watts=None, watts=9e5))
    facts = gathered(shelf, 0, 60)
    assert only(facts).energy["site"].total is None
    assert facts.doubts == (("s/c/in : saut du compteur", "s/c/in: counter jumped"),)


def test_work_is_told_by_tenant_over_all_schedulers() -> None:
    shelf = Shelf()
    for scheduler in ("slurm", "kubernetes"):
        every(shelf, Queue, DAY, {"served_gpu_seconds_total": 4, "started_total": 1},
              scheduler=scheduler, tenant="town")  # fmt: skip
    work = only(gathered(shelf, 0, 180)).work["town"]
    assert work.served.amount.tolist() == pytest.approx([8 * 3600] * 3)
    assert work.started.total == pytest.approx(2 * 3 * 3600)
    assert work.lost.total is None


def test_lines_carry_totals_and_what_they_were_ordered_for() -> None:
    shelf = Shelf()
    every(shelf, Link, DAY, {"transmit_bytes_total": 1e6, "capacity_bytes_per_second": 1e9},
          link="wan", peer="nancy")  # fmt: skip
    (line,) = only(gathered(shelf, 0, 180)).lines
    assert (line.name, line.peer, line.received, line.capacity) == ("wan", "nancy", None, 1e9)
    assert line.sent == pytest.approx(1e6 * 3 * 3600)


def test_what_is_stored_is_what_was_told_last_before_the_end() -> None:
    shelf = Shelf()
    keys = {"store": "tahoe", "scheme": "3-of-10"}
    for minute, count in ((-30, 5), (100, 7), (185, 9)):
        every(shelf, Fragments, range(minute, minute + 1),
              {"fragments_count": count, "size_bytes": count * 10}, **keys)  # fmt: skip
    every(shelf, Fragments, range(-5, 185, 2), {"repaired_total": 1}, **keys | {"host": "h"})
    (stored,) = only(gathered(shelf, 0, 180)).stored
    assert (stored.store, stored.scheme.word) == ("tahoe", "3-of-10")
    assert (stored.fragments, stored.bytes) == (7, 70)
    assert stored.repaired == 3 * 3600


def test_a_gpu_is_idle_in_the_hours_in_which_its_multiprocessors_were() -> None:
    shelf = Shelf()
    for gpu, busy in (("a", 0.6), ("b", 0.001)):
        every(shelf, Gpu, OFTEN, {"energy_joules_total": 500, "sm_active_ratio": busy},
              host="h", gpu=gpu)  # fmt: skip
    use = only(gathered(shelf, 0, 180)).gpus
    assert use is not None
    assert use.energy.amount.tolist() == pytest.approx([2 * 500 * 3600] * 3)
    assert use.idle.amount.tolist() == pytest.approx([500 * 3600] * 3)
    assert use.activity.amount.tolist() == pytest.approx([0.3005] * 3)
    assert use.count.amount.tolist() == [2] * 3


def test_activity_that_is_known_in_part_is_the_mean_of_that_part() -> None:
    shelf = Shelf()
    every(shelf, Gpu, OFTEN[:60], {"sm_active_ratio": 0.6}, host="h", gpu="a")
    every(shelf, Gpu, OFTEN, {"energy_joules_total": 500}, host="h", gpu="a")
    use = only(gathered(shelf, 0, 60)).gpus
    assert use is not None
    assert use.activity.amount.tolist() == pytest.approx([0.6])
    assert use.activity.covered.tolist() == pytest.approx(use.count.covered.tolist())
    assert use.activity.covered[0] < 0.3
    assert use.activity.known.all()
    assert not use.idle.known.any()


def test_a_gpu_that_tells_neither_activity_nor_energy_is_known_by_utilisation_and_power() -> None:
    shelf = Shelf()
    every(
        shelf, Gpu, OFTEN, {"energy_joules_total": 500, "sm_active_ratio": 0.5}, host="h", gpu="a"
    )
    every(shelf, Gpu, OFTEN, {"power_watts": 100, "utilization_ratio": 0.0}, host="h", gpu="b")
    use = only(gathered(shelf, 0, 180)).gpus
    assert use is not None
    assert use.energy.amount.tolist() == pytest.approx([600 * 3600] * 3)
    assert use.idle.amount.tolist() == pytest.approx([100 * 3600] * 3)


def test_a_river_is_told_by_what_its_permit_limits() -> None:
    shelf = Shelf()
    every(shelf, Water, range(-5, 60), {"flow_cubic_meters_per_second": 0.2}, meter="w",
          role="withdrawn")  # fmt: skip
    every(shelf, Water, range(60, 185), {"flow_cubic_meters_per_second": 0.5}, meter="w",
          role="withdrawn")  # fmt: skip
    every(shelf, Water, DAY, {"temperature_celsius": 21.5}, meter="r", role="returned")
    for place, celsius in (("upstream", 14.0), ("downstream", 15.2), ("room", 30.0)):
        every(shelf, Environment, DAY, {"temperature_celsius": celsius}, sensor=place, place=place)
    river = only(gathered(shelf, 0, 180)).river
    assert river is not None
    assert river.withdrawal.tolist() == [0.2, 0.5, 0.5]
    assert river.discharge.tolist() == [21.5] * 3
    assert river.warming.tolist() == pytest.approx([1.2] * 3)
    assert np.isnan(river.flow).all()


def test_only_what_operates_counts_and_what_the_twin_plays() -> None:
    kinds = {
        "operating": ONE,
        "announced": dataclasses.replace(ONE, id="announced", status=Status.ANNOUNCED),
        "played": dataclasses.replace(ONE, id="p", status=Status.ANNOUNCED, simulated=True),
        "retired": dataclasses.replace(ONE, id="r", lifecycle=Lifecycle.RETIRED),
    }
    network = dataclasses.replace(NETWORK, containers=tuple(kinds.values()))
    plants = gathered(Shelf(), 0, 60, network).plants
    assert [(p.container.id, p.simulated) for p in plants] == [("c", False), ("p", True)]


def test_maintenance_is_told_from_the_local_day_on_which_it_began() -> None:
    kept = dataclasses.replace(
        ONE, lifecycle=Lifecycle.MAINTENANCE, lifecycle_since=date(2026, 3, 2)
    )
    network = dataclasses.replace(NETWORK, containers=(kept,))
    plant = only(gathered(Shelf(), 60 * 10, 60 * 13, network))  # 22 to 1 h UTC; Paris is one ahead
    assert plant.maintenance is not None
    assert plant.maintenance.tolist() == [0, 3600, 3600]


def test_a_zone_has_one_supply_for_all_its_sites() -> None:
    sites = (SITE, dataclasses.replace(SITE, id="t"), dataclasses.replace(SITE, id="u", zone=None))
    containers = tuple(dataclasses.replace(ONE, site=site.id) for site in sites)
    network = dataclasses.replace(NETWORK, sites=sites, containers=containers)
    facts = gathered(Shelf(), 0, 180, network)
    assert list(facts.supplies) == [("FR", False)]
    assert len(facts.supplies["FR", False].grams_per_joule) == 3


def test_repairs_and_holdings_are_asked_for_where_somebody_knows() -> None:
    def repairs(paths: Sequence[str], start: datetime, end: datetime) -> Sequence[float]:
        assert (tuple(paths), start, end) == (("",), at(0), at(60))
        return [90.0]

    around = Around(Packaged(), repairs=repairs, held=lambda *_: ())
    facts = gathered(Shelf(), 0, 60, around=around)
    assert (facts.repairs, facts.held) == ((90.0,), ())
    assert gathered(Shelf(), 0, 60).held is None


def test_a_measurement_is_read_once_for_a_period_and_the_one_before() -> None:
    shelf = Shelf()
    shelf.arrive(load(-5, 185, role="site", host="none"))
    now = at(190)
    spans = [Period("h", at(120), at(180), open=False), Period("h", at(60), at(120), open=False)]
    asked = Asked("", ("",), NETWORK)
    this, last = Gatherer(shelf, Around(Packaged())).gather(asked, spans, now, NOTHING)
    assert shelf.scanned.count("power") == 1
    assert only(this).energy["site"].amount.tolist() == pytest.approx([700 * 3600])
    assert only(last).energy["site"].amount.tolist() == pytest.approx([700 * 3600])
    assert (this.edges[0], last.edges[0]) == (at(120), at(60))


def test_what_there_is_too_much_of_is_left_out_and_that_is_said() -> None:
    shelf = Shelf()
    shelf.arrive(load(-65, 65, role="site", host="none"))
    every(shelf, Gpu, OFTEN, {"energy_joules_total": 500, "sm_active_ratio": 1}, host="h", gpu="a")
    shelf.sizes = {"gpu": MOST_ROWS + 1}
    asked = Asked("", ("",), NETWORK)
    spans = [between(at(0), at(60), at(70)), between(at(-60), at(0), at(70))]
    (facts,) = Gatherer(shelf, Around(Packaged())).gather(asked, spans, at(70), NOTHING)
    assert only(facts).gpus is None
    assert only(facts).energy["site"].total == pytest.approx(700 * 3600)
    assert TOO_MANY in facts.doubts
    shelf.sizes = {"power": MOST_ROWS + 1}
    with pytest.raises(QueryError, match="shorter period"):
        gathered(shelf, 0, 60)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.slow
def test_facts_are_the_same_from_raw_rows_minutes_and_hours(seed: int) -> None:
    """Readings at any time, with gaps and resets: how far they are rolled up changes nothing."""
    chance = np.random.default_rng(seed)
    rows, seconds, joules = [], 0, 0.0
    for _ in range(60):
        wait, more = int(chance.integers(10, 400)), float(chance.integers(0, 500_000))
        seconds += wait
        joules = more if chance.random() < 0.03 else joules + more
        row = load(0, 1, step=60, meter="in", role="site", host="none").to_pylist()[0]
        rows.append(row | {"time": at(seconds / 60), "energy_joules_total": joules,
                           "power_watts": more / wait})  # fmt: skip
    start = int(chance.integers(5, 40))
    end = start + int(chance.integers(20, 200))
    answers = []
    for rolled in ((), ("power_1m",), ("power_1m", "power_1h")):
        shelf = Shelf()
        shelf.arrive(shelf.raw.from_pylist(rows, schema=shelf.raw.schema))
        Roll(shelf, measurements=[Power]).run(at(seconds / 60 + 120))
        shelf.properties = {t: said for t, said in shelf.properties.items() if t in rolled}
        answers.append(only(gathered(shelf, start, end)).energy["site"])
    raw = answers[0]
    for other in answers[1:]:
        assert other.amount.tolist() == pytest.approx(raw.amount.tolist(), nan_ok=True)
        assert other.covered.tolist() == pytest.approx(raw.covered.tolist(), abs=1e-9)
        assert other.known.tolist() == raw.known.tolist()


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)]
)
def test_a_legal_day_has_its_own_number_of_hours(day: date, hours: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=3)
    first = (start - at(0)) / timedelta(minutes=1)
    shelf = Shelf()
    shelf.arrive(load(first, first + 31 * 60, step=60, meter="in", role="site", host="none"))
    paris = timedelta(hours=2 if day != date(2026, 3, 29) else 1)
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - paris
    minute = (begin - at(0)) / timedelta(minutes=1)
    facts = gathered(shelf, minute, minute + hours * 60)
    assert facts.hours == hours
    assert only(facts).energy["site"].total == pytest.approx(700 * hours * 3600)
