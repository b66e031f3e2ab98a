from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.format import seconds_of
from dashboard.noc import site
from dashboard.noc.rates import Rates
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build import played
from tests.build.played import Api, Direct, alert

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")
BLOCKS = {
    "latest/filesystem": "filesystems", "latest/disk_io": "disks", "latest/source": "sources",
    "latest/device": "devices", "events": "events", "alerts": "queue", "latest/host": "pressure",
}  # fmt: skip


@pytest.fixture
def api() -> Api:
    return Api(now=lambda: NOW)


def content(api: Api, rates: Rates | None = None, now: float = NOW) -> dict[str, Any]:
    ask = Asker(Direct(api), "fr", "local/this")
    return site.content(View(ask, now, PARIS, rates or Rates()))


@pytest.mark.parametrize(("path", "block"), BLOCKS.items())
def test_a_block_that_fails_shows_its_error_and_the_others_stay(
    api: Api, path: str, block: str
) -> None:
    api.down = {path}
    tables = content(api)["tables"]
    assert tables[block]["error"] == f"{path} is down"
    others = [name for name in BLOCKS.values() if name not in {block, "queue"}]
    assert all(tables[name]["rows"] for name in others)


def test_a_counter_is_shown_as_its_rate_once_there_are_two_readings(api: Api) -> None:
    rates = Rates()
    first = content(api, rates)["numbers"]["received"]
    assert (first["text"], first["note"]) == (None, "attend une 2ᵉ mesure")
    api.now = lambda: NOW + 2
    second = content(api, rates, NOW + 2)["numbers"]["received"]
    assert (second["text"], second["unit"]) == ("1,00", "Mo/s")


def test_what_the_machine_does_not_say_is_unknown_and_not_zero(api: Api) -> None:
    swap = content(api)["numbers"]["swap"]
    assert swap["text"] is None
    assert swap["note"] == "la machine ne le dit pas"


def test_a_source_in_trouble_has_its_word_and_its_mark(api: Api) -> None:
    api.values = {"status": 3, "age_seconds": 134.0}
    row = content(api)["tables"]["sources"]["rows"][0]
    assert (row[1]["mark"], row[1]["sign"], row[1]["text"]) == ("p3", "!", "bloquée")
    assert row[2]["text"] == "2\u00a0min\u00a014\u00a0s"


def test_a_site_that_is_not_there_or_not_for_this_person_says_so(api: Api) -> None:
    ask = Asker(Direct(api), "fr", "elsewhere")
    assert "elsewhere" in site.content(View(ask, NOW, PARIS))["missing"]


def test_the_strip_tells_a_gap_from_a_beginning_and_an_alarm_from_both(api: Api) -> None:
    api.alerts = [alert("a", NOW - 1000, priority=2)]
    cells = content(api)["strip"]["cells"]
    assert len(cells) == 96
    assert {"nominal", "missing"} <= {cell["mark"] for cell in cells}
    assert [cell["sign"] for cell in cells[-3:]] == ["", "2", "2"]
    assert cells[-1]["label"] == "10:45 : majeure"


def test_before_the_first_reading_nothing_was_lost(api: Api, monkeypatch: Any) -> None:
    begun = {"time": ["2026-11-22T09:30:00Z"], "cpu_count": [900]}
    asked = played.series
    monkeypatch.setattr(
        played, "series", lambda q: begun if q["fields"] == ["cpu_count"] else asked(q)
    )
    cells = content(api)["strip"]["cells"]
    assert {cell["mark"] for cell in cells[:94]} == {"before"}
    assert cells[94]["mark"] == "nominal"


def test_the_agents_own_row_says_what_its_numbers_are(api: Api) -> None:
    api.values = {"source": "agent", "spool_frames": 12}
    row = content(api)["tables"]["sources"]["rows"][0]
    assert row[0]["text"] == "agent"
    assert (row[3]["text"], row[3]["note"]) == ("12", "Trames en attente")
    assert row[4]["text"] is None


def test_a_file_system_that_fills_up_says_when_it_is_full(api: Api, monkeypatch: Any) -> None:
    hours = [NOW - (24 - i) * 3600 for i in range(24)]
    filling = {
        "time": [played.spelled(at) for at in hours], "host": ["this"] * 24, "mount": ["/"] * 24,
        "available_bytes": [48e9 - i * 1e9 for i in range(24)],
    }  # fmt: skip
    asked = played.series
    monkeypatch.setattr(
        played, "series", lambda q: filling if q["fields"] == ["available_bytes"] else asked(q)
    )
    used = content(api)["tables"]["filesystems"]["rows"][0][1]
    assert used["note"] == "44,0\u00a0Go libres · plein dans 1\u00a0j à ce rythme"
