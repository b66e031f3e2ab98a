"""The supply: grid, battery, generator, and what is lost on the way."""

import pytest

from twin.hall.power import BATTERY_SECONDS, Drawn, Supply


def played(*, minutes: int, utility: bool, generator: bool = False, solar: bool = False) -> Supply:
    supply = Supply(100e3, 130e3, generator=generator, solar=solar)
    for _ in range(minutes * 6):
        supply.begin(10.0, utility=utility, generator=True)
        supply.step(Drawn(it=80e3 if supply.alive else 0.0, cooling=8e3 * supply.cooled), 10.0, 0.5)
    return supply


def closes(supply: Supply) -> bool:
    books = supply.books.joules
    into = books["site"] + books["generator"] + books["solar"]
    spent = sum(books[k] for k in ("it", "supply", "cooling", "lighting", "auxiliary", "battery"))
    return into == pytest.approx(spent, abs=1.0)


@pytest.mark.parametrize("utility", [True, False])
@pytest.mark.parametrize("generator", [True, False])
def test_what_comes_in_is_spent_lost_or_stored(utility: bool, generator: bool) -> None:
    assert closes(played(minutes=20, utility=utility, generator=generator))


def test_each_place_holds_the_next() -> None:
    watts = played(minutes=1, utility=True).books.watts
    assert watts["site"] > watts["ups_in"] > watts["ups"] > watts["pdu"] > watts["it"] > 0


def test_a_battery_lasts_as_long_as_it_is_large() -> None:
    minutes = BATTERY_SECONDS / 60
    assert played(minutes=int(minutes / 2), utility=False).alive
    assert not played(minutes=int(minutes * 2), utility=False).alive
    assert played(minutes=int(minutes * 2), utility=False, generator=True).alive


def test_a_generator_takes_a_moment() -> None:
    supply = Supply(100e3, 130e3, generator=True, solar=False)
    told = []
    for _ in range(5):
        supply.begin(10.0, utility=False, generator=True)
        supply.step(Drawn(it=80e3), 10.0, 0.0)
        told.append((supply.battery, supply.generator))
    assert told == [(True, False), (True, False), (False, True), (False, True), (False, True)]


def test_a_battery_charges_again_and_takes_more_than_it_gave() -> None:
    supply = played(minutes=3, utility=False)
    assert supply.charge < 0.8
    given = supply.books.joules["battery"]
    for _ in range(600):
        supply.begin(10.0, utility=True, generator=False)
        supply.step(Drawn(it=80e3), 10.0, 0.0)
    assert supply.charge == pytest.approx(1.0)
    assert supply.books.joules["battery"] == pytest.approx(0.0, abs=1.0)
    assert given < 0
    assert closes(supply)


def test_panels_spare_the_grid() -> None:
    dark, bright = (played(minutes=1, utility=True, solar=s).books.watts for s in (False, True))
    assert bright["solar"] > 0
    assert bright["site"] == pytest.approx(dark["site"] - bright["solar"])
