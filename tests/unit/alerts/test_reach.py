from collections.abc import Mapping

from alerts.language.evaluate import Rows
from alerts.reach import Place, places
from vigie.catalogue import Source

NAN = float("nan")


def found(
    heard: Mapping[tuple[str, str], float], *, resting: str = "", simulated: str = "-"
) -> dict[str, Place]:
    """The places of agents by (container, host), each with how long it was silent."""
    rows = [
        {"container": c, "host": h, "source": s} for c, h in heard for s in ("agent", "gpu")
    ]  # fmt: skip
    ages = [age for age in heard.values() for _ in range(2)]
    sources = Rows(Source, rows, ages)
    made = places(sources, lambda path: path != resting, lambda path: path.startswith(simulated))
    return {place.path: place for place in made}


def counts(place: Place) -> tuple[str, int, int, int | None]:
    """Level, places below, agents, silent ones."""
    return place.level, len(place.below), place.agents, place.silent


def test_agents_are_counted_by_container_site_and_network() -> None:
    now = found({
        ("paris/a", "h1"): 2, ("paris/a", "h2"): 31, ("paris/b", "h1"): 40, ("lyon/a", "h1"): 1,
    })  # fmt: skip
    assert counts(now["paris/a"]) == ("container", 1, 2, 1)
    assert counts(now["paris"]) == ("site", 2, 3, 2)
    assert counts(now[""]) == ("network", 2, 4, 2)
    assert (now["paris/b"].silence, now["paris"].silence, now[""].silence) == (40, 2, 1)


def test_while_one_of_them_is_not_known_nothing_is_said_of_the_place() -> None:
    now = found({("paris/a", "h1"): NAN, ("paris/a", "h2"): 90, ("paris/b", "h1"): 90})
    assert (now["paris/a"].silent, now["paris/a"].silence) == (None, None)
    assert (now["paris"].silent, now["paris/b"].silent) == (None, 1)


def test_a_container_that_is_not_in_service_is_not_expected_but_keeps_its_row() -> None:
    now = found({("paris/a", "h1"): 90, ("paris/b", "h1"): 90}, resting="paris/b")
    assert counts(now["paris/b"]) == ("container", 0, 0, 0)
    assert counts(now["paris"]) == ("site", 1, 1, 1)


def test_a_place_is_simulated_when_all_of_it_is() -> None:
    now = found({("twin/a", "h1"): 1, ("lyon/a", "h1"): 1, ("twin/b", "h1"): 1}, simulated="twin")
    assert {path for path, place in now.items() if place.simulated} == {"twin", "twin/a", "twin/b"}


def test_without_any_agent_there_is_still_the_network() -> None:
    assert [counts(place) for place in places(Rows(Source, [], []), bool, bool)] == [
        ("network", 0, 0, 0)
    ]
