"""RTE's eCO2mix: the mix, not its taux_co2; pages; vintages; what is missing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.grid.point import Vintage
from collector.grid.rte import Rte, point
from tests.build.providers import Answer, Query, eco2mix, page, serving

START = datetime(2026, 5, 14, tzinfo=UTC)
END = START + timedelta(days=1)
MOMENT = "2026-05-14T15:45:00+00:00"


def only(**more: Any) -> Any:
    made = point("FR", eco2mix(MOMENT, **more))
    assert made is not None
    return made


def test_the_intensity_is_that_of_the_mix_with_life_cycle_factors() -> None:
    made = only(nucleaire=800, gaz=100, eolien=100, solaire=0, hydraulique=0, bioenergies=0,
                fioul=0)  # fmt: skip
    assert made.grams_per_kwh == pytest.approx((800 * 12 + 100 * 490 + 100 * 11) / 1000)
    assert (made.renewable, made.nuclear) == (0.1, 0.8)


def test_coal_and_oil_may_be_left_out_and_solar_may_be_below_zero_at_night() -> None:
    assert only(charbon=None, fioul="ND") == only(charbon=0, fioul=0)
    assert only(solaire=-5) == only(solaire=0)


@pytest.mark.parametrize("field", ["nucleaire", "gaz", "eolien", "solaire", "hydraulique"])
@pytest.mark.parametrize("value", [None, "ND", "", 10**9, True, [1]])
def test_a_row_that_does_not_say_what_weighs_most_is_left_out(field: str, value: object) -> None:
    assert point("FR", eco2mix(MOMENT, **{field: value})) is None


@pytest.mark.parametrize("row", [None, [], "x", {}, {"date_heure": "soon"}])
def test_what_is_no_row_is_left_out(row: object) -> None:
    assert point("FR", row) is None


def test_what_it_says_of_its_nature_is_the_vintage() -> None:
    assert only().vintage is Vintage.REAL_TIME
    assert only(nature="Données consolidées").vintage is Vintage.CONSOLIDATED
    assert only(nature="Données définitives").vintage is Vintage.DEFINITIVE


def test_consolidated_values_replace_those_of_real_time_and_all_pages_are_read() -> None:
    moments = [START + n * timedelta(minutes=15) for n in range(96)]
    late = eco2mix(moments[3].isoformat(), nature="Données consolidées", gaz=0)

    def answer(path: str, query: Query) -> Answer:
        rows = [eco2mix(m.isoformat()) for m in moments] if "national-tr" in path else [late]
        rows = rows + [eco2mix(END.isoformat())] * 30  # what was not asked for
        first = int(query["offset"])
        return page({"total_count": len(rows), "results": rows[first : first + 100]})

    with serving(answer) as site:
        points = Rte(site.root).points("FR", START, END)
    assert [p.start for p in points] == moments
    assert [p.vintage for p in points if p.start == moments[3]] == [Vintage.CONSOLIDATED]
    assert len(site.asked) == 3  # two pages, then one
    assert "consommation IS NOT NULL" in site.asked[0][1]["where"]


def test_it_speaks_of_france_only() -> None:
    rte = Rte("http://x")
    assert rte.knows("FR")
    assert not rte.knows("FR-GP")
    assert not rte.knows("DE")
