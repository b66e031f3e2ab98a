"""What every provider of grid data keeps to: whatever comes back, points in order, or one error."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.grid import web
from collector.grid.electricity_maps import ElectricityMaps
from collector.grid.energy_charts import EnergyCharts
from collector.grid.point import Point, Provider, ProviderFailed
from collector.grid.rte import Rte
from tests.build.providers import Answer, Query, eco2mix, page, serving

START = datetime(2026, 5, 14, tzinfo=UTC)
END = START + timedelta(hours=3)
SECONDS = [int(START.timestamp()) + 3600 * n for n in range(-1, 5)]


def _right(path: str, query: Query) -> Answer:
    """What each of them answers to its own question."""
    moments = [datetime.fromtimestamp(s, UTC).isoformat() for s in SECONDS]
    if "records" in path:
        return page({"results": [eco2mix(m) for m in moments]})
    if "co2eq" in path:
        return page({"unix_seconds": SECONDS, "co2eq": [50] * len(SECONDS)})
    rows = [{"datetime": m, "carbonIntensity": 50} for m in moments]
    return page({"zone": query["zone"], "data": rows})


def _rte(root: str, _: Path) -> Provider:
    return Rte(root)


def _charts(root: str, _: Path) -> Provider:
    return EnergyCharts(root)


def _maps(root: str, folder: Path) -> Provider:
    (folder / "token").write_text("t")
    return ElectricityMaps(root, folder / "token")


@pytest.fixture(params=[_rte, _charts, _maps], ids=["rte", "energy-charts", "electricity-maps"])
def ask(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Callable[[str, Query], Answer]], Sequence[Point]]:
    def asked(answer: Callable[[str, Query], Answer]) -> Sequence[Point]:
        with serving(answer) as site:
            provider: Provider = request.param(site.root, tmp_path)
            return provider.points("FR", START, END)

    return asked


def test_points_are_of_the_zone_and_time_that_was_asked_for(
    ask: Callable[[Callable[[str, Query], Answer]], Sequence[Point]],
) -> None:
    points = ask(_right)
    assert [p.start for p in points] == [START + timedelta(hours=n) for n in range(3)]
    assert {p.zone for p in points} == {"FR"}
    assert all(p.grams_per_kwh and 10 < p.grams_per_kwh < 100 for p in points)


@pytest.mark.parametrize(
    "answer",
    [(500, b"{}"), (429, b""), (401, b'{"error": "plan"}'), (200, b""), (200, b"<html>"),
     (200, b"[]"), (200, b"{}"), (200, b'{"results": 1, "data": 1, "unix_seconds": 1}'),
     (200, b'{"unix_seconds": [1, 2], "co2eq": [1]}'), (302, b"")],
    ids=lambda a: f"{a[0]} {a[1][:12].decode()}",
)  # fmt: skip
def test_a_wrong_answer_is_one_error_that_names_the_address(
    ask: Callable[[Callable[[str, Query], Answer]], Sequence[Point]], answer: Answer
) -> None:
    with pytest.raises(ProviderFailed, match="http://127"):
        ask(lambda *_: answer)


def test_more_than_it_should_ever_say_is_not_read(
    ask: Callable[[Callable[[str, Query], Answer]], Sequence[Point]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "MOST_BYTES", 20)
    with pytest.raises(ProviderFailed, match="more than 20 bytes"):
        ask(_right)


def test_silence_is_an_error(
    ask: Callable[[Callable[[str, Query], Answer]], Sequence[Point]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", 0.1)

    def late(path: str, query: Query) -> Answer:
        threading.Event().wait(0.5)
        return _right(path, query)

    with pytest.raises(ProviderFailed, match="no answer"):
        ask(late)


def test_rows_that_say_nothing_are_no_points_and_no_error(
    ask: Callable[[Callable[[str, Query], Answer]], Sequence[Point]],
) -> None:
    nothing = {"results": [{}, None], "data": [{}, None], "unix_seconds": [1, 2],
               "co2eq": [None, "ND"]}  # fmt: skip
    assert list(ask(lambda *_: page(nothing))) == []
