"""Electricity Maps: the zone is always named, both ways; the token; what is estimated."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.grid.electricity_maps import ElectricityMaps
from collector.grid.point import ProviderFailed
from tests.build.providers import page, serving
from vigie.shape import Quality

START = datetime(2026, 5, 14, tzinfo=UTC)
END = START + timedelta(days=1)


def row(**more: Any) -> dict[str, Any]:
    return {
        "zone": "FR", "carbonIntensity": 58, "datetime": "2026-05-14T03:00:00.000Z",
        "updatedAt": "2026-05-14T04:00:00.000Z", "emissionFactorType": "lifecycle",
        "flowTraced": True, "isEstimated": False, "estimationMethod": None,
        "temporalGranularity": "hourly",
    } | more  # fmt: skip


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("secret\n")
    return path


@pytest.mark.parametrize("name", ["data", "history"])
def test_hours_come_from_either_shape_with_the_token_sent(token: Path, name: str) -> None:
    document = {"zone": "FR", name: [row(), row(datetime="2026-05-14T04:00:00Z", isEstimated=True)]}
    with serving(lambda *_: page(document)) as site:
        points = ElectricityMaps(site.root, token).points("FR", START, END)
    assert [p.quality for p in points] == [Quality.DERIVED, Quality.ESTIMATED]
    _, query, headers = site.asked[0]
    assert query["zone"] == "FR"
    assert query["emissionFactorType"] == "lifecycle"
    assert headers["auth-token"] == "secret"


def test_an_answer_for_another_zone_is_refused_whole(token: Path) -> None:
    with (
        serving(lambda *_: page({"zone": "DE", "data": [row()]})) as site,
        pytest.raises(ProviderFailed, match="another zone than FR"),
    ):
        ElectricityMaps(site.root, token).points("FR", START, END)


@pytest.mark.parametrize(
    "wrong", [{"zone": "DE"}, {"emissionFactorType": "direct"}, {"carbonIntensity": None},
              {"datetime": "today"}],
)  # fmt: skip
def test_a_row_of_something_else_is_left_out(token: Path, wrong: dict[str, Any]) -> None:
    document = {"zone": "FR", "data": [row(**wrong), row(carbonIntensity=60)]}
    with serving(lambda *_: page(document)) as site:
        [point] = ElectricityMaps(site.root, token).points("FR", START, END)
    assert point.grams_per_kwh == 60


def test_without_a_token_it_says_which_setting_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed, match="electricity_maps_token"):
        ElectricityMaps("http://x", None).points("FR", START, END)
    with pytest.raises(ProviderFailed, match="cannot be read"):
        ElectricityMaps("http://x", tmp_path / "none").points("FR", START, END)
