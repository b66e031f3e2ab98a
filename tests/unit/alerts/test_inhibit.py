from dataclasses import replace

import pytest

from alerts.inhibit import causes, inhibited
from alerts.lifecycle import Alert, State, Subject
from alerts.rule import Rule, Words
from alerts.rulebook import Rulebook
from vigie.catalogue import GAP, Filesystem, Link

W = Words("", "")
PACK = Rulebook().rules
AGENT, CONTAINER = PACK["agent_silent"], PACK["container_silent"]
SITE, BLIND = PACK["site_silent"], PACK["collector_blind"]
DISK = Rule("disk", 2, W, W, "", "", measurement=Filesystem)
LOST = Rule("lost", 3, W, W, "", "", event=GAP)
LINE = Rule("line_down", 1, W, W, "", "", measurement=Link, mutes="container")
ALL_LINES = replace(LINE, name="all_lines_down", mutes="site")
GONE = replace(DISK, name="disk_gone", mutes="mount")
RULES = {r.name: r for r in (AGENT, CONTAINER, SITE, BLIND, DISK, LOST, LINE, ALL_LINES, GONE)}


def alert(rule: Rule, container: str, *keys: str, state: State = State.FIRING) -> Alert:
    return Alert(
        "id", rule.name, Subject(container, keys), rule.priority, state, 0.0, 0.0
    )  # fmt: skip


def explains(one: Alert, other: Alert) -> bool:
    """Whether the first holds the second back."""
    return inhibited(other, RULES[other.rule], causes([one], RULES))


HOST = alert(AGENT, "p/a", "h1", "agent")
HERE = alert(CONTAINER, "p/a")
WHOLE = alert(SITE, "p")
ALL = alert(BLIND, "")
HOT = alert(DISK, "p/a", "h1", "/")
DOWN = alert(LINE, "p/a", "none", "wan", "q")


def test_a_silent_host_explains_its_own_alerts_and_no_others() -> None:
    assert explains(HOST, HOT)
    assert not explains(HOST, alert(DISK, "p/a", "h2", "/"))
    assert not explains(HOST, alert(DISK, "p/b", "h1", "/"))
    assert not explains(HOST, alert(LOST, "p/a")), "it is about no host"


@pytest.mark.parametrize(("narrow", "wide"), [(HOST, HERE), (HERE, WHOLE), (WHOLE, ALL)])
def test_a_wider_silence_explains_the_narrower_and_never_the_other_way(
    narrow: Alert, wide: Alert
) -> None:
    assert explains(wide, narrow)
    assert not explains(narrow, wide)


@pytest.mark.parametrize("one", [HOST, HERE, WHOLE, ALL, DOWN])
def test_nothing_explains_itself(one: Alert) -> None:
    assert not explains(one, one)


def test_a_silent_place_explains_all_within_and_nothing_beside() -> None:
    assert explains(HERE, HOT)
    assert explains(HERE, alert(LOST, "p/a"))
    assert not explains(HERE, alert(DISK, "p/ab", "h1", "/"))
    assert explains(WHOLE, HOT)
    assert explains(WHOLE, DOWN)
    assert not explains(WHOLE, alert(DISK, "pq/a", "h1", "/"))
    assert explains(ALL, alert(DISK, "q/z", "h9", "/"))


def test_a_line_that_is_down_explains_silence_and_nothing_that_still_speaks() -> None:
    assert explains(DOWN, HOST)
    assert explains(DOWN, HERE), "the line is why the container is silent"
    assert not explains(HERE, DOWN), "and not the other way"
    assert not explains(DOWN, HOT)
    assert not explains(DOWN, WHOLE)


def test_a_fault_of_a_whole_site_explains_the_silence_of_its_containers() -> None:
    every = alert(ALL_LINES, "p/a", "none", "wan", "q")
    assert explains(every, alert(CONTAINER, "p/b"))
    assert explains(every, WHOLE)
    assert not explains(every, alert(CONTAINER, "q/a"))
    assert not explains(HERE, every), "it is wider than the container where it was seen"


def test_a_device_that_is_gone_explains_what_is_wrong_with_it() -> None:
    assert explains(alert(GONE, "p/a", "h1", "/"), HOT)
    assert not explains(alert(GONE, "p/a", "h1", "/srv"), HOT)


def test_only_an_open_alert_explains_others() -> None:
    for state in (State.PENDING, State.RESOLVED):
        assert not causes([replace(HOST, state=state)], RULES)
    assert causes([replace(HOST, state=State.ACKNOWLEDGED)], RULES)
    assert not causes([replace(HOST, rule="withdrawn")], RULES)


def test_the_rules_that_explain_are_those_of_the_pack() -> None:
    assert [r.mutes for r in (AGENT, CONTAINER, SITE, BLIND)] == ["host", *["container"] * 3]
