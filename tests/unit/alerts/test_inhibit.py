from dataclasses import replace

import pytest

from alerts.inhibit import causes, holder, inhibited
from alerts.lifecycle import Alert, State, Subject
from alerts.rule import Rule, Words
from alerts.rulebook import Rulebook
from vigie.catalogue import GAP, Filesystem, Link

W = Words("", "")
PACK = Rulebook().rules
AGENT, CONTAINER = PACK["agent_silent"], PACK["container_silent"]
SITE, BLIND = PACK["site_silent"], PACK["collector_blind"]
CUT_OFF, UPLINK, LINK_DOWN = PACK["site_cut_off"], PACK["uplink_down"], PACK["link_down"]
DISK = Rule("disk", 2, W, W, "", "", measurement=Filesystem)
LOST = Rule("lost", 3, W, W, "", "", event=GAP)
LINE = Rule("line_down", 1, W, W, "", "", measurement=Link, mutes="container")
ALL_LINES = replace(LINE, name="all_lines_down", mutes="site")
GONE = replace(DISK, name="disk_gone", mutes="mount")
RULES = {
    r.name: r
    for r in (
        AGENT,
        CONTAINER,
        SITE,
        BLIND,
        DISK,
        LOST,
        LINE,
        ALL_LINES,
        GONE,
        CUT_OFF,
        UPLINK,
        LINK_DOWN,
    )
}


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


CUT = alert(CUT_OFF, "p")


def test_an_uplink_explains_the_silence_behind_it_and_nothing_that_still_speaks() -> None:
    for silent in (HOST, HERE, WHOLE):
        assert explains(CUT, silent)
        assert not explains(silent, CUT)
    assert not explains(CUT, HOT)
    assert not explains(CUT, alert(CONTAINER, "q/a"))
    assert explains(ALL, CUT), "a collector that is blind knows nothing of lines"


def test_an_uplink_explains_the_lines_it_is_made_of_from_either_end() -> None:
    here = alert(LINK_DOWN, "p/a", "none", "wan", "FR")
    there = alert(LINK_DOWN, "q/z", "none", "to-p", "p")
    elsewhere = alert(LINK_DOWN, "q/z", "none", "to-r", "r")
    for cut in (CUT, alert(UPLINK, "p/a")):
        assert explains(cut, here)
        assert explains(cut, there)
        assert not explains(cut, elsewhere)
    assert explains(WHOLE, there), "a site without power lights no line"
    assert not explains(HERE, there)


def test_who_was_told_of_the_silence_first_is_not_told_of_its_line_too() -> None:
    silent, cut = replace(WHOLE, id="s", told=State.FIRING), replace(CUT, id="c")
    explained = causes([silent, cut], RULES)
    assert holder(cut, CUT_OFF, explained) == "s"
    assert holder(silent, SITE, explained) is None, "one of the two is told"
    silent, cut = replace(silent, told=None), replace(cut, told=State.FIRING)
    explained = causes([silent, cut], RULES)
    assert holder(silent, SITE, explained) == "c"
    assert holder(cut, CUT_OFF, explained) is None


def test_who_holds_is_the_widest() -> None:
    every = [replace(one, id=one.rule) for one in (HOST, HERE, WHOLE)]
    assert holder(HOT, DISK, causes(every, RULES)) == "site_silent"


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
