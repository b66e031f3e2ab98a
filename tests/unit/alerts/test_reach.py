from collections.abc import Mapping, Sequence

from alerts.language.evaluate import Rows
from alerts.reach import Place, places
from vigie.catalogue import Link, Source

NAN = float("nan")


def found(
    heard: Mapping[tuple[str, str], float],
    *,
    resting: str = "",
    simulated: str = "-",
    lines: Sequence[tuple[str, str, bool | None]] = (),
    told: float = 0.0,
) -> dict[str, Place]:
    """The places of agents by (container, host), each with how long it was silent.

    `lines` are container, peer and whether it carries, `told` seconds ago.
    """
    rows = [
        {"container": c, "host": h, "source": s} for c, h in heard for s in ("agent", "gpu")
    ]  # fmt: skip
    ages = [age for age in heard.values() for _ in range(2)]
    sources = Rows(Source, rows, ages)
    links = Rows(
        Link,
        [{"container": c, "host": "none", "link": f"{n}", "peer": p, "up": up}
         for n, (c, p, up) in enumerate(lines)],
        [told] * len(lines),
    )  # fmt: skip
    made = places(
        sources, links, lambda path: path != resting, lambda path: path.startswith(simulated)
    )
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
    assert [
        counts(place) for place in places(Rows(Source, [], []), Rows(Link, [], []), bool, bool)
    ] == [("network", 0, 0, 0)]


HEARD = {("paris/a", "h1"): 1.0, ("paris/b", "h1"): 1.0, ("lyon/a", "h1"): 1.0}
DARK = {**HEARD, ("paris/a", "h1"): 60.0, ("paris/b", "h1"): 60.0}


def lines(place: Place) -> tuple[int, int]:
    """Its lines, and how many of them carry."""
    return place.lines, place.carrying


def test_a_line_counts_for_its_container_its_site_and_the_site_that_it_leads_to() -> None:
    now = found(HEARD, lines=[("paris/a", "FR", True), ("lyon/a", "paris", False)])
    assert lines(now["paris/a"]) == (1, 1)
    assert lines(now["paris/b"]) == (0, 0)
    assert lines(now["paris"]) == (2, 1)
    assert lines(now["lyon/a"]) == lines(now["lyon"]) == (1, 0)
    assert lines(now[""]) == (0, 0)


def test_of_a_site_with_one_container_the_lines_to_the_site_are_the_containers() -> None:
    now = found(HEARD, lines=[("paris/a", "lyon", False)])
    assert lines(now["lyon/a"]) == lines(now["lyon"]) == (1, 0)


def test_what_a_container_said_before_it_fell_silent_says_nothing_of_its_lines() -> None:
    now = found(DARK, lines=[("paris/a", "FR", True), ("lyon/a", "paris", False)])
    assert lines(now["paris"]) == (1, 0)
    assert lines(now["paris/a"]) == (0, 0)


def test_lines_within_a_site_old_words_and_unknown_states_do_not_count() -> None:
    assert lines(found(HEARD, lines=[("paris/a", "paris", True)])["paris"]) == (0, 0)
    assert lines(found(HEARD, lines=[("paris/a", "FR", True)], told=181.0)["paris"]) == (0, 0)
    assert lines(found(HEARD, lines=[("paris/a", "FR", None)])["paris"]) == (0, 0)
    assert lines(found(HEARD, lines=[("nice/a", "FR", True)])["paris"]) == (0, 0)
