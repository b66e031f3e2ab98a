import dataclasses
import itertools
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from collector import times
from collector.duties.facts import Around
from collector.duties.kpis import KEPT, Indicators, Kept, Question, Turns
from collector.duties.roll import Roll
from collector.grid.table import Packaged
from collector.rollups.roll import roll as rollup
from collector.store import schema
from collector.store.upkeep import ROLLED_UNTIL
from tests.build.shelf import Shelf, at, load
from vigie.catalogue import Host, Power
from vigie.errors import QueryError, Unavailable
from vigie.indicators import INDICATORS
from vigie.network.load import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Container, Lifecycle, Site
from vigie.network.policies import Perimeter
from vigie.replies import Kpi, Kpis

CANNES = Site("s", "Cannes", "self", zone="FR", timezone="Europe/Paris")
NETWORK = Network("n", (Operator("self", "Us"),), (CANNES,), (Container("c", "One", "s"),))


def ask(
    shelf: Shelf, now: datetime, *, network: Network = NETWORK, roll: bool = True, **asked: Any
) -> dict[str, Kpi]:
    if roll:
        Roll(shelf, measurements=[Power]).run(now)
    question = Question(**{"scope": "", "language": "en", "word": "hour", **asked})
    answer = indicators(shelf, network).answer(question, now)
    assert answer.network_version == network.version
    return {kpi.indicator: kpi for kpi in answer.kpis}


def indicators(shelf: Shelf, network: Network = NETWORK, twins: Sequence[str] = ()) -> Indicators:
    return Indicators(shelf, lambda _: network, Around(Packaged(), lambda: twins))


def loaded(*rows: pa.Table) -> Shelf:
    shelf = Shelf()
    for part in rows:
        shelf.arrive(part)
    return shelf


def test_power_is_what_fresh_meters_say_now() -> None:
    shelf = loaded(load(0, 10), load(0, 10, meter="other", watts=50.0))
    power = ask(shelf, at(10), word="now")["power"]
    assert (power.value, power.unit, power.coverage, power.quality) == (750, "W", 1, "measured")
    assert (power.boundary, power.method) == ("role it", "power-latest@1")
    assert power.to_time == "2026-03-01T12:09:50.000Z"
    assert "s/c/h/m (meter, measured)" in power.inputs["meters"]


def test_a_stale_meter_is_left_out_and_seen_in_the_coverage() -> None:
    shelf = loaded(load(0, 10), load(0, 5, meter="other"))
    power = ask(shelf, at(10), word="now")["power"]
    assert (power.value, power.coverage) == (700, 0.5)
    for seconds in (800, 860):
        silent = ask(shelf, at(seconds / 60), word="now")["power"]
        assert (silent.value, silent.reason) == (None, "no fresh reading of the power meters")


def test_a_meter_that_left_long_ago_is_not_waited_for() -> None:
    shelf = loaded(load(0, 10), load(-60 * 26, -60 * 25, meter="gone"))
    assert ask(shelf, at(10), word="now")["power"].coverage == 1


def test_a_meter_that_only_counts_energy_has_the_power_of_its_last_minute() -> None:
    power = ask(loaded(load(0, 10, power_watts=None)), at(10), word="now")["power"]
    assert power.value == pytest.approx(700)
    assert power.quality == "derived"


def test_a_suspect_power_is_not_believed() -> None:
    suspect = 1 << Power.power_watts.number
    rows = load(0, 10, suspect=suspect, energy_joules_total=None)
    assert ask(loaded(rows), at(10), word="now")["power"].value is None


def test_an_instant_has_no_energy_and_says_so() -> None:
    energy = ask(loaded(load(0, 10)), at(10), word="now")["energy"]
    assert energy.value is None
    assert energy.reason is not None
    assert "hour or a day" in energy.reason


@pytest.mark.parametrize("roll", [True, False])
def test_energy_of_an_hour_so_far_by_counter(*, roll: bool) -> None:
    energy = ask(loaded(load(-30, 40)), at(40), roll=roll)["energy"]
    assert energy.value == pytest.approx(700 * 2400, rel=5e-3)
    assert energy.coverage == pytest.approx(1, abs=5e-3)
    assert (energy.quality, energy.vintage) == ("measured", "open")
    assert (energy.from_time, energy.to_time) == (
        "2026-03-01T12:00:00.000Z", "2026-03-01T12:40:00.000Z",
    )  # fmt: skip


def test_energy_of_a_closed_hour_is_the_truth() -> None:
    energy = ask(loaded(load(-30, 90, step=1)), at(90), word="last_hour")["energy"]
    assert energy.value == pytest.approx(700 * 3600, rel=1e-3)
    assert energy.coverage == pytest.approx(1)
    assert energy.vintage == "closed"


def test_without_a_counter_energy_is_the_integral_and_derived() -> None:
    shelf = loaded(load(-30, 90, energy_joules_total=None))
    energy = ask(shelf, at(90), word="last_hour")["energy"]
    assert energy.value == pytest.approx(700 * 3600, rel=1e-3)
    assert energy.quality == "derived"


def test_a_model_is_estimated() -> None:
    energy = ask(loaded(load(-30, 90, method="model")), at(90), word="last_hour")["energy"]
    assert energy.quality == "estimated"


def test_half_an_hour_of_readings_is_half_an_hour_of_energy() -> None:
    energy = ask(loaded(load(0, 30, step=1)), at(90), word="last_hour")["energy"]
    assert energy.value == pytest.approx(700 * 1800, rel=1e-3)
    assert energy.coverage == pytest.approx(0.5, rel=1e-3)


def test_a_day_that_a_change_of_clocks_shortens_has_23_hours_of_energy() -> None:
    start = (datetime(2026, 3, 28, 23, tzinfo=UTC) - at(0)) / timedelta(minutes=1)
    shelf = loaded(load(start - 60, start + 24 * 60, step=30))
    now = datetime(2026, 3, 29, 23, tzinfo=UTC)
    energy = ask(shelf, now, word="last_day")["energy"]
    assert energy.value == pytest.approx(700 * 23 * 3600, rel=1e-3)
    assert (energy.from_time, energy.to_time) == (
        "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z",
    )  # fmt: skip
    assert energy.inputs["legal_time"] == "Europe/Paris"


def test_a_long_period_reads_hours_and_equals_the_sum_of_its_parts() -> None:
    now = at(60 * 78)
    shelf = loaded(load(0, 60 * 78, step=30))
    for table, seconds in (("power_1m", 60), ("power_1h", 3600)):
        said = {ROLLED_UNTIL: str(round(now.timestamp() * 1e6))}
        shelf.write_rollup(table, rollup(Power, shelf.raw, seconds), said)
    edges = [at(60 * 19 * part + 90.5) for part in range(5)]
    whole = ask(shelf, now, roll=False, start=edges[0], end=edges[-1])["energy"]
    assert "power_1h" in shelf.scanned
    parts = [
        ask(shelf, now, roll=False, start=a, end=b)["energy"].value or 0
        for a, b in itertools.pairwise(edges)
    ]
    assert whole.value == pytest.approx(sum(parts), rel=1e-9)
    assert whole.value == pytest.approx(700 * 4 * 19 * 3600, rel=1e-9)


def test_carbon_is_energy_on_the_grid_of_the_site_with_its_factor_named() -> None:
    kpis = ask(loaded(load(-30, 90, step=1)), at(90), word="last_hour")
    carbon = kpis["carbon_location"]
    assert carbon.value == pytest.approx(0.7 * 44.2, rel=1e-3)
    assert (carbon.unit, carbon.quality) == ("g", "estimated")  # as the packaged factor is
    assert carbon.inputs["zone"] == "FR"
    assert carbon.inputs["factor"] == "FR 44.2 g/kWh (2024)"
    assert "OWID" in carbon.inputs["source"]


def test_carbon_without_a_grid_zone_is_unknown_in_the_language_asked_for() -> None:
    bare = dataclasses.replace(NETWORK, sites=(dataclasses.replace(CANNES, zone=None),))
    shelf = loaded(load(0, 40))
    english = ask(shelf, at(40), network=bare)["carbon_location"]
    assert (english.value, english.reason) == (None, "no grid zone declared for site s")
    assert english.quality is None
    french = ask(shelf, at(40), network=bare, language="fr")["carbon_location"]
    assert french.reason == "aucune zone de réseau déclarée pour le site s"


def test_nothing_measures_and_nothing_is_guessed() -> None:
    for word in ("now", "hour", "day"):
        power = ask(Shelf(), at(40), word=word)["power"]
        assert (power.value, power.reason) == (None, "no power meter reports on this path")
        assert power.coverage == 0
    for indicator in ("energy", "carbon_location"):
        kpi = ask(Shelf(), at(40), word="day")[indicator]
        assert (kpi.value, kpi.reason) == (None, "no power meter reports on this path")


def test_only_what_is_in_the_scope_counts() -> None:
    network = dataclasses.replace(
        NETWORK, containers=(*NETWORK.containers, Container("d", "Two", "s"))
    )
    shelf = loaded(load(0, 40), load(0, 40, container="s/d"), load(0, 40, host="g"))
    values = {
        scope: ask(shelf, at(40), network=network, scope=scope)["energy"].value or 0
        for scope in ("", "s", "s/c", "s/d", "s/c/g")
    }
    one = values["s/c/g"]
    assert one == pytest.approx(700 * 2400, rel=1e-2)
    assert values == pytest.approx(
        {"": 3 * one, "s": 3 * one, "s/c": 2 * one, "s/d": one, "s/c/g": one}
    )


def test_a_host_without_a_meter_is_seen_in_the_coverage() -> None:
    shelf = loaded(load(0, 10))
    fixed = {"container": "s/c", "time": at(10), "quality": 0, "suspect": 0}
    shelf.hosts = pa.Table.from_pylist(
        [{**fixed, "host": "h"}, {**fixed, "host": "unmetered"}], schema=schema.raw(Host)
    )
    assert ask(shelf, at(10), word="now")["power"].coverage == 0.5


def test_what_is_not_in_service_is_left_out() -> None:
    shelf = loaded(load(0, 10))
    announced = dataclasses.replace(CANNES, status=Status.ANNOUNCED)
    retired = Container("c", "One", "s", lifecycle=Lifecycle.RETIRED)
    for network in (
        dataclasses.replace(NETWORK, sites=(announced,)),
        dataclasses.replace(NETWORK, containers=(retired,)),
    ):
        power = ask(shelf, at(10), network=network, word="now")["power"]
        assert power.value is None
        assert power.reason == "nothing in service is declared on this path"


def test_the_simulated_share_comes_from_the_network() -> None:
    twin = Container("d", "Twin", "s", simulated=True)
    network = dataclasses.replace(NETWORK, containers=(*NETWORK.containers, twin))
    shelf = loaded(load(0, 40), load(0, 40, container="s/d", watts=2100.0))
    for indicator in ("power", "energy", "carbon_location"):
        share = ask(shelf, at(40), network=network)[indicator].simulated_share
        assert share == pytest.approx(0.75)


def test_a_container_of_a_simulated_sender_is_simulated_whatever_the_network_says() -> None:
    asked = Question("", word="now")
    answer = indicators(loaded(load(0, 10)), twins=["s/c"]).answer(asked, at(10))
    assert answer.kpis[0].simulated_share == 1


def test_half_a_period_is_refused() -> None:
    with pytest.raises(QueryError):
        ask(Shelf(), at(0), end=at(0))


# What is asked, of whom, and when


def answered(shelf: Shelf, now: datetime, network: Network = NETWORK, **asked: Any) -> Kpis:
    question = Question(**{"scope": "", "language": "en", "word": "hour", **asked})
    return indicators(shelf, network).answer(question, now)


def test_an_indicator_is_asked_for_by_name_and_a_stranger_is_refused() -> None:
    kpis = answered(Shelf(), at(40), only=("energy", "pue")).kpis
    assert [kpi.indicator for kpi in kpis] == ["energy", "pue"]
    with pytest.raises(QueryError, match="no indicator 'puee'"):
        answered(Shelf(), at(40), only=("puee",))


def test_costs_are_there_for_nobody_without_the_right_not_even_by_name() -> None:
    kpis = {kpi.indicator for kpi in answered(Shelf(), at(40)).kpis}
    shown = {kpi.indicator for kpi in answered(Shelf(), at(40), finance=True).kpis}
    costs = {i.name for i in INDICATORS if i.finance}
    assert costs
    assert shown - kpis == costs
    with pytest.raises(QueryError):
        answered(Shelf(), at(40), only=("cost",))


def test_terms_are_told_to_who_wants_an_explanation() -> None:
    shelf = loaded(load(-5, 65))
    plain, explained = (
        answered(shelf, at(70), word="last_hour", only=("energy",), explain=explain).kpis[0]
        for explain in (False, True)
    )
    assert plain.terms == []
    assert [term.step for term in explained.terms] == ["input", "sum", "result"]
    assert explained.terms[0].source == "s/c/h/m (meter, measured)"
    assert explained.terms[-1].value == explained.value


def test_the_period_before_is_told_of_equal_legal_length() -> None:
    shelf = loaded(load(-65, 0, watts=500), load(0, 130))
    closed = ask(shelf, at(65), word="last_hour")["energy"]
    assert closed.value == pytest.approx(700 * 3600, rel=1e-3)
    assert closed.previous == pytest.approx(500 * 3600, rel=1e-2)
    running = ask(loaded(load(-65, 40, watts=500)), at(30))["energy"]
    assert running.previous == pytest.approx(500 * 1800, rel=1e-2)
    assert ask(shelf, at(30), word="now")["power"].previous is None


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)]
)
def test_a_local_date_names_the_day_in_which_it_lies(day: date, hours: int) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    (energy,) = answered(Shelf(), now, word="day", at=day, only=("energy",)).kpis
    begin, end = times.read(energy.from_time), times.read(energy.to_time)
    assert (end - begin) / timedelta(hours=1) == hours
    assert begin.astimezone(ZoneInfo("Europe/Paris")).date() == day
    assert energy.vintage == "closed"


def test_sites_of_different_legal_time_are_told_in_utc() -> None:
    far = dataclasses.replace(CANNES, id="far", timezone="Europe/London")
    network = dataclasses.replace(NETWORK, sites=(CANNES, far))
    (both,) = answered(Shelf(), at(40), network, word="day", only=("energy",)).kpis
    assert (both.inputs["legal_time"], both.from_time) == ("UTC", "2026-03-01T00:00:00.000Z")
    (one,) = answered(Shelf(), at(40), network, word="day", scope="s", only=("energy",)).kpis
    assert one.inputs["legal_time"] == "Europe/Paris"


def test_a_perimeter_is_its_sites_as_far_as_the_asker_sees_them() -> None:
    sites = tuple(dataclasses.replace(CANNES, id=name) for name in ("s", "t", "u"))
    containers = tuple(Container("c", "One", site.id) for site in sites)
    perimeter = Perimeter("south", "South", "Us", ("s", "t"))
    network = dataclasses.replace(
        NETWORK, sites=sites, containers=containers, perimeters=(perimeter,)
    )
    shelf = loaded(*(load(-5, 65, container=f"{site.id}/c") for site in sites))
    values = [
        answered(shelf, at(70), network, word="last_hour", scope=scope, within=within,
                 only=("energy",)).kpis[0].value
        for scope, within in (
            ("", ""), ("perimeter:south", ""), ("perimeter:south", "t"), ("perimeter:south", "u"),
        )
    ]  # fmt: skip
    hour = pytest.approx(700 * 3600, rel=1e-3)
    assert values == [pytest.approx(3 * 700 * 3600, rel=1e-3),
                      pytest.approx(2 * 700 * 3600, rel=1e-3), hour, None]  # fmt: skip
    with pytest.raises(QueryError, match="there are: south"):
        answered(shelf, at(70), network, scope="perimeter:north")


def test_the_network_of_the_end_of_the_period_is_used_and_a_change_inside_it_said() -> None:
    later = dataclasses.replace(NETWORK, name="later")

    def networks(instant: datetime) -> Network:
        return later if instant > at(30) else NETWORK

    asking = Indicators(loaded(load(-65, 65)), networks, Around(Packaged()))
    for word, now, version, before in (
        ("last_hour", at(70), later, NETWORK), ("last_hour", at(10), NETWORK, None),
    ):  # fmt: skip
        answer = asking.answer(Question("", "en", word, only=("energy",)), now)
        assert answer.network_version == version.version
        said = answer.kpis[0].inputs.get("network_before")
        assert said == (None if before is None else before.version[:12])


def test_doubts_about_meters_are_told_with_what_was_made_of_them() -> None:
    rows = (load(-5, 30), load(30, 65, energy_joules_total=5.0))
    (energy, served) = answered(
        loaded(*rows), at(70), word="last_hour", only=("energy", "gpu_hours_served")
    ).kpis
    assert energy.inputs["doubts"] == "s/c/h/m: counter went back"
    assert energy.value == pytest.approx(700 * 3600, rel=1e-3)  # the integral of power
    assert energy.quality == "derived"
    assert "doubts" not in served.inputs


def test_a_closed_period_is_read_again_after_a_minute() -> None:
    shelf = loaded(load(-5, 65))
    asking = indicators(shelf)
    question = Question("", "en", "last_hour", only=("energy",))
    answers = [asking.answer(question, at(minute)) for minute in (70, 70.5, 71.1)]
    assert answers[0] is answers[1]
    assert answers[2] is not answers[1]


def test_only_so_many_answers_are_kept() -> None:
    kept = Kept()
    made: list[Kpis] = []

    def make() -> Kpis:
        made.append(Kpis("t", "v", []))
        return made[-1]

    for n in (*range(KEPT + 1), KEPT):
        kept.get(n, at(0), make)
    assert len(made) == KEPT + 1
    kept.get(0, at(0), make)
    assert len(made) == KEPT + 2


def test_what_is_open_is_made_once_a_second_for_all_who_ask_alike() -> None:
    asking = indicators(loaded(load(-5, 65)))
    question = Question("", "en", "hour", only=("energy",))
    answers = [asking.answer(question, at(50 + seconds / 60)) for seconds in (0, 0.9, 1.1)]
    assert answers[0] is answers[1]
    assert answers[2] is not answers[1]


def test_others_who_may_see_less_are_given_their_own_answer() -> None:
    asking = indicators(loaded(load(-5, 65)))
    everything = Question("", "en", "hour", only=("energy",))
    some = dataclasses.replace(everything, within="elsewhere")
    assert asking.answer(everything, at(50)) is not asking.answer(some, at(50))


def test_who_asks_while_it_is_made_waits_for_it() -> None:
    kept, go, made = Kept(), threading.Event(), list[int]()

    def make() -> Kpis:
        made.append(1)
        assert go.wait(200)
        return Kpis("t", "v", [])

    threads = [threading.Thread(target=kept.get, args=("k", at(0), make)) for _ in range(10)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(60)
    assert len(made) == 1


def test_few_make_at_a_time_and_who_waits_too_long_is_told_when_to_come_back() -> None:
    turns = Turns(1, patience=0.0)
    with turns.take(), pytest.raises(Unavailable) as refused, turns.take():
        pass
    assert refused.value.retry_after == 5
    with turns.take():
        pass
