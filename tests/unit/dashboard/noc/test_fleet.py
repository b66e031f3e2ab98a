import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.format import seconds_of
from dashboard.noc import fleet
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import GIB, Api, Direct, alert, container
from vigie.errors import Unavailable
from vigie.replies import Kpi

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def api() -> Api:
    return Api(now=lambda: NOW)


def content(api: Api, language: str = "fr") -> dict[str, Any]:
    shown = fleet.content(View(Asker(Direct(api), language), NOW, PARIS))
    assert json.loads(json.dumps(shown)) == shown
    return shown


def kpi(value: float | None, reason: str | None = None) -> Kpi:
    return Kpi("power", "", "now", "2026-11-22T09:46:58Z", "2026-11-22T09:46:59Z", value, "W",
               "power-latest@1", "it", 1.0, "measured", reason, 0.0, "v1")  # fmt: skip


def test_unknown_is_said_with_its_reason_and_is_no_number(api: Api) -> None:
    api.kpis = [kpi(None, "aucun compteur")]
    power = content(api)["numbers"]["power"]
    assert power["text"] is None
    assert power["note"] == "aucun compteur"


def test_a_known_indicator_comes_with_method_coverage_quality_and_time(api: Api) -> None:
    api.kpis = [kpi(1530.0)]
    power = content(api)["numbers"]["power"]
    assert (power["text"], power["unit"]) == ("1,53", "kW")
    assert power["note"] == "mesuré · power-latest@1 · couverture 100 %"
    assert power["at"] == NOW - 1


def test_one_failing_question_leaves_the_others(api: Api) -> None:
    api.down = {"alerts", "latest/host", "kpis"}
    shown = content(api)
    assert shown["tables"]["queue"]["error"] == "alerts is down"
    assert shown["tables"]["machines"]["error"] == "latest/host is down"
    assert shown["numbers"]["p1"]["text"] is None
    assert shown["numbers"]["energy"]["note"] == "kpis is down"
    assert shown["numbers"]["reachable"]["text"] == "1"
    assert shown["tables"]["events"]["rows"]


def test_without_the_network_there_is_no_screen(api: Api) -> None:
    api.down = {"containers"}
    with pytest.raises(Unavailable):
        content(api)


def test_this_machine_is_seen_live(api: Api) -> None:
    api.values = {"cpu_busy_ratio": 0.42, "memory_available_bytes": 6 * GIB}
    name, processor, memory, disk, *_ = content(api)["tables"]["machines"]["rows"][0]
    assert name["text"] == "this"
    assert (processor["text"], processor["unit"], processor["at"]) == ("42,0", "%", NOW)
    assert memory["text"] == "75,0"
    assert disk["note"] == "/ · 44,0\u00a0Go libres"


def test_many_machines_are_left_to_the_mosaic(api: Api) -> None:
    api.containers = [container(f"n/{i:04}", NOW) for i in range(1000)]
    shown = content(api)
    assert not shown["few"]
    assert "machines" not in shown["tables"]
    assert sum(len(group["tiles"]) for group in shown["mosaic"]) == 1000
    assert len(json.dumps(shown["mosaic"])) < 300_000


def test_a_tile_shows_the_worst_alarm_else_the_state_and_keeps_its_place(api: Api) -> None:
    api.containers = [
        container("a/c", NOW, state="stale"), container("a/b", NOW, state="abnormal", worst=2),
        container("a/a", NOW), container("z/a", NOW, region="Bretagne", state="maintenance"),
    ]  # fmt: skip
    bretagne, idf = content(api)["mosaic"]
    assert [(t["path"], t["mark"], t["sign"]) for t in idf["tiles"]] == [
        ("a/a", "nominal", ""), ("a/b", "p2", "2"), ("a/c", "stale", "?"),
    ]  # fmt: skip
    assert idf["count"] == "3 sites · 2 anormaux"
    assert bretagne["tiles"][0]["sign"] == "M"


def test_a_mute_site_is_not_reachable(api: Api) -> None:
    api.containers = [container("a/a", NOW), container("a/b", None, state="silent")]
    shown = content(api)["numbers"]["reachable"]
    assert (shown["text"], shown["unit"], shown["note"]) == ("1", "/ 2", "1 muet")


def test_a_simulated_container_is_stamped(api: Api) -> None:
    api.containers = [container("a/a", NOW, simulated=True)]
    (tile,) = content(api)["mosaic"][0]["tiles"]
    assert tile["simulated"]
    assert "SIMULÉ" in tile["label"]


def test_english_readers_get_english(api: Api) -> None:
    api.alerts = [alert("a", NOW - 60)]
    shown = content(api, "en")
    assert shown["tables"]["queue"]["rows"][0][-1]["text"] == "Take"
    assert shown["tables"]["machines"]["rows"][0][2]["note"] == "6.44\u00a0GB of 25.8\u00a0GB"


def test_the_age_of_the_data_is_that_of_the_newest_frame(api: Api) -> None:
    api.containers = [container("a/a", NOW - 50), container("a/b", NOW - 20)]
    assert content(api)["data_at"] == NOW - 20
    api.containers = [container("a/a", None, state="silent")]
    assert content(api)["data_at"] is None


def test_nothing_shown_counts_its_own_age(api: Api) -> None:
    """Else every tick would be a new version, and an age would stop with the server."""
    api.stopped_at = NOW - 30
    before = content(api)
    later = fleet.content(View(Asker(Direct(api), "fr"), NOW + 2, PARIS))
    assert later == before
