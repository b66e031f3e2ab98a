"""What nobody sends: the collector looks, its rules speak, and somebody is told in time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from collector.duties.bands import TABLES, Bands
from collector.duties.commitments import Around, Commitments
from collector.duties.evaluate import Evaluate
from collector.duties.health import Health, Post
from collector.duties.own import Own
from collector.kpis.sovereignty.rules import DENIAL, RESIDENCY, Judged, Rule
from tests.build.alarm import START, Story
from tests.build.shelf import NOON, Shelf, load
from vigie.catalogue import Cooling, Environment, Heat, Power, Source, Water
from vigie.network.contracts import EnergyContract
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Capacity, Container, Lifecycle, Permit, Site
from vigie.network.policies import Placement, Qualification

NOON_MICROS = NOON.timestamp() * 1e6
TODAY = datetime.fromtimestamp(START, UTC).date()
PERMIT = Permit("isar", "WWA", "Isar", discharge_celsius=28.0, low_flow_cubic_meters_per_second=10)


def network(*, energy: tuple[EnergyContract, ...] = ()) -> Network:
    return Network(
        "n", (Operator("o", "O"),), (Site("paris", "Paris", "o", permits=(PERMIT,)),),
        (Container("a", "A", "paris"), Container("b", "B", "paris")), energy=energy,
        meters=(
            Meter("paris/a", "grid", "site", delivery_point="prm", subscribed_watts=100e3),
            Meter("paris/a", "ups", "ups", parent="grid"),
            Meter("paris/b", "grid", "site"), Meter("paris/b", "ups", "ups", parent="grid"),
        ),
        placements=(Placement("p", "photos", 2, 3, tenant="museum", within=("FR",)),),
    )  # fmt: skip


class Metered(Shelf):
    """What meters told since an hour before the story begins."""

    def table(self, measurement: str) -> pa.Table:
        return pa.table({})

    def power(self, container: str, meter: str, role: str, watts: float, hours: int) -> None:
        rows = load(-60, 60 * hours, container, step=60.0, watts=watts, host="none",
                    meter=meter, role=role)  # fmt: skip
        times = rows["time"].cast(pa.int64()).to_numpy() + round(START * 1e6 - NOON_MICROS)
        self.arrive(rows.set_column(0, rows.schema.field(0), pa.array(times).view(rows[0].type)))

    def heat(self, container: str, watts: float, hours: int) -> None:
        self.put(Heat, *(
            {"container": container, "meter": "heat", "role": "removed", "heat_watts": watts,
             "time": datetime.fromtimestamp(START + 60 * n, UTC)}
            for n in range(-60, 60 * hours)
        ))  # fmt: skip


class Looking(Story):
    """A story in which the collector also looks for what nobody sends, every minute."""

    tables = (*Story.tables, *TABLES)

    def __init__(self, folder: Path) -> None:
        self.own, self.judged, self.network = Own(), Judged(), network()
        self.rolled: Callable[[str], datetime | None] = lambda _: None
        self.post, self.meters = Post(), Metered()
        super().__init__(folder)
        self.step = 60.0

    def starts(self) -> None:
        super().starts()
        self.evaluate = Evaluate(
            self.own.beside(self.store), self.rulebook, self.register, self.counters
        )
        around = Around(
            lambda: self.network, self, lambda: {"photos": {"paris/a"}}, lambda _: False
        )
        looking = Commitments(self.own, self.store.live, around)
        health = Health(self.own, self, self.counters, lambda: self.post)
        bands = Bands(self.own, self.meters, lambda: self.network, self.database)
        self.duties = (looking.run, bands.run, health.run)

    @property
    def live(self) -> "Looking":
        """What the duty on the collector itself reads."""
        return self

    def table(self, measurement: str) -> object:
        return self.store.live.table(measurement)

    def rolled_until(self, table: str) -> datetime | None:
        return self.rolled(table)

    def tick(self, *, deliver: bool = True) -> None:
        if (self.now - START) % 60 == 0:
            for duty in self.duties:
                duty(datetime.fromtimestamp(self.now, UTC))
        super().tick(deliver=deliver)

    def ramps(self, until: str, low: float, high: float, step: float = 60.0) -> None:
        """The grid meter's power goes from one value to another until a time."""
        first, last = self.now, START + 60 * float(until.removesuffix("min"))
        while self.now < last:
            share = (self.now - first) / (last - first)
            self.reads(Power, meter="grid", role="site", phase="all", method="meter",
                       host="none", power_watts=low + (high - low) * share)  # fmt: skip
            self.until(f"{self.now - START + step:.0f}s")


@pytest.fixture
def story(tmp_path: Path) -> Looking:
    return Looking(tmp_path)


def test_a_delivery_point_nears_what_is_subscribed_and_it_is_said_how_long_there_is(
    story: Looking,
) -> None:
    story.ramps("78min", 60e3, 99e3)
    [(second, state, rule)] = story.told
    assert (state, rule) == ("firing", "delivery_near_limit")
    assert 75 * 60 < second <= 77 * 60  # 95 % is reached after 70 minutes, and must hold for five
    outlook = story.alert(rule).outlook
    assert outlook is not None
    assert outlook.limit == 100e3
    assert outlook.seconds == pytest.approx(120, abs=130)  # half a kilowatt a minute


def test_a_breach_of_residency_is_told_at_once_and_ends_when_the_fragments_are_back(
    story: Looking,
) -> None:
    story.until("2min")
    story.judged = Judged(broken=frozenset({Rule("museum", "photos", RESIDENCY)}))
    story.until("5min")
    story.judged = Judged()
    story.until("10min")
    assert [(state, rule) for _, state, rule in story.told] == [
        ("firing", "residency_breach"), ("resolved", "residency_breach"),
    ]  # fmt: skip
    assert story.told[0][0] <= 3 * 60
    assert story.alert("residency_breach").priority == 2
    assert story.alert("residency_breach").subject.container == "paris/a"


def test_a_contract_ends_soon_until_a_successor_is_declared(story: Looking) -> None:
    old = EnergyContract("old", ("paris",), "ppa", ends=TODAY + timedelta(days=20))
    story.network = network(energy=(old,))
    story.until("3min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "contract_ends")]
    new = EnergyContract("new", ("paris",), "ppa", begins=old.ends, ends=date(2099, 1, 1))
    story.network = network(energy=(old, new))
    story.until("6min")
    assert story.told[-1][1:] == ("resolved", "contract_ends")


def test_a_permit_and_a_certificate_that_end_are_told_until_they_are_renewed(
    story: Looking,
) -> None:
    def until(days: int) -> Network:
        end = TODAY + timedelta(days=days)
        (site,) = story.network.sites
        permits = (replace(PERMIT, ends=end),)
        return replace(
            story.network,
            sites=(replace(site, permits=permits),),
            qualifications=(Qualification("o", "HDS", expires=end),),
        )

    story.network = until(60)
    story.until("3min")
    assert {(state, rule) for _, state, rule in story.told} == {
        ("firing", "permit_ends"), ("firing", "qualification_ends"),
    }  # fmt: skip
    story.network = until(800)
    story.until("6min")
    assert {(state, rule) for _, state, rule in story.told[2:]} == {
        ("resolved", "permit_ends"), ("resolved", "qualification_ends"),
    }  # fmt: skip


def test_a_site_that_nears_the_power_from_which_it_must_report_is_told(story: Looking) -> None:
    rated = tuple(
        replace(c, lifecycle=Lifecycle.IN_SERVICE, capacity=Capacity(power_watts=210e3))
        for c in story.network.containers
    )
    story.network = replace(story.network, containers=rated)
    story.until("50min")
    assert story.told == [], "an hour must pass"
    story.until("70min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "threshold_near")]


def test_a_foreign_power_that_could_block_objects_is_told_after_ten_minutes(
    story: Looking,
) -> None:
    policy = Placement("p", "photos", 2, 3, tenant="museum", within=("FR",), home="FR")
    story.network = replace(story.network, placements=(policy,))
    story.judged = Judged(broken=frozenset({Rule("museum", "photos", DENIAL)}))
    story.until("8min")
    assert story.told == []
    story.until("12min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "placement_violated")]


def test_a_river_that_warms_and_falls_is_told_before_the_permit_is_broken(
    story: Looking,
) -> None:
    story.reads(Water, meter="out", role="returned", host="none",
                flow_cubic_meters_per_second=0.3, temperature_celsius=27.7)  # fmt: skip
    story.reads(Environment, sensor="up", place="upstream", host="none",
                temperature_celsius=21.0, flow_cubic_meters_per_second=10.5)  # fmt: skip
    story.until("15min")
    assert {rule for _, state, rule in story.told if state == "firing"} == {
        "river_too_warm", "river_low",
    }  # fmt: skip


def test_the_disk_of_the_collector_fills_and_its_rollups_stand_still(story: Looking) -> None:
    for bound in ("expected", "earliest"):
        story.counters.set("disk_days_left", 3.0, bound=bound)
    story.rolled = lambda _: datetime.fromtimestamp(START - 1800, UTC)
    story.reads(Source, source="agent", status="ok", host="h")
    story.until("12min")
    assert [(state, rule) for _, state, rule in story.told] == [
        ("firing", "collector_disk_fills"), ("firing", "rollups_behind"),
    ]  # fmt: skip


def test_broken_files_lost_messages_and_duties_that_fail_are_told(story: Looking) -> None:
    story.counters.set("network_broken", 1)
    story.counters.add("duty_failures_total", duty="merge")
    story.post = Post(dead=2)
    story.until("32min")
    assert [(state, rule) for _, state, rule in story.told] == [
        ("firing", "messages_stuck"), ("firing", "files_broken"), ("firing", "duties_failing"),
    ]  # fmt: skip


def test_it_is_the_collectors_clock_when_most_agents_disagree_with_it(story: Looking) -> None:
    for host in "abc":
        story.reads(Source, source="agent", status="ok", host=host, clock_offset_seconds=12.0)
    story.until("4min")
    assert ("firing", "collector_clock_off") in {(s, r) for _, s, r in story.told}


def test_two_hours_out_of_their_band_are_told_with_the_meters_that_are_wrong(
    story: Looking,
) -> None:
    for meter, role, watts in (
        ("grid", "site", 1200),
        ("ups", "ups", 900),
        ("fans", "cooling", 200),
    ):
        story.meters.power("paris/a", meter, role, watts, 3)
    story.meters.heat("paris/a", 900.0, 3)
    for meter, role, watts in (("grid", "site", 800), ("ups", "ups", 900)):
        story.meters.power("paris/b", meter, role, watts, 3)
    last = int(START // 3600) - 30
    with story.database.write() as write:
        for kind, extra in (("pue", 150.0), ("cop", 60.0)):
            for n in range(100):
                past = ("paris/a", kind, last - n, 880.0 + n % 40, extra + n % 3, None)
                write.execute("INSERT INTO band_hours VALUES (?, ?, ?, ?, ?, ?)", past)
    story.until("150min")
    assert {(state, rule) for _, state, rule in story.told} == {
        ("firing", "pue_off"), ("firing", "cop_low"), ("firing", "meters_disagree"),
    }  # fmt: skip
    assert story.alert("meters_disagree").subject.container == "paris/b"
    assert {second for second, _, _ in story.told} <= set(range(70 * 60, 80 * 60))


def test_a_collector_that_is_well_and_commitments_that_are_kept_say_nothing(
    story: Looking,
) -> None:
    story.rolled = lambda _: datetime.fromtimestamp(story.now - 90, UTC)
    story.reads(Source, source="agent", status="ok", host="h")
    story.reads(Power, meter="grid", role="site", phase="all", host="none", power_watts=60e3)
    story.until("30min")
    assert story.told == []


def test_a_ups_on_battery_says_how_long_it_lasts(story: Looking) -> None:
    story.step = 20.0
    for second in range(0, 400, 20):
        left = 1200.0 - max(second - 60, 0)
        story.reads(Power, meter="ups", role="ups", host="none", alarms=0, battery_low=False,
                    on_battery=second >= 60, battery_runtime_seconds=left)  # fmt: skip
        story.until(f"{second + 20}s")
    assert [rule for _, state, rule in story.told if state == "firing"] == ["ups_on_battery"]
    outlook = story.alert("ups_on_battery").outlook
    assert outlook is not None
    assert outlook.seconds == pytest.approx(1200 - 340, abs=60)


def test_a_loop_that_stands_is_urgent_and_one_at_rest_is_not(story: Looking) -> None:
    def loop(name: str, flow: float) -> None:
        story.reads(Cooling, component=name, kind="cdu", host="none", running=flow > 0,
                    alarms=0, flow_cubic_meters_per_second=flow)  # fmt: skip

    story.step = 20.0
    loop("main", 0.02)
    loop("spare", 0.0)
    story.until("9min")
    loop("main", 0.0)
    story.until("10min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "cooling_flow_lost")]
    assert story.alert("cooling_flow_lost").subject.keys[1] == "main"
