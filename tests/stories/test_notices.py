"""Stories of who is told how often: few notifications, the first at once, none lost."""

import json
from pathlib import Path
from typing import Any

from alerts.lifecycle import State
from alerts.silence import Kind, Silence
from tests.build.alarm import CONTAINER, START, Desk, Story, declared
from vigie.catalogue import Filesystem, Link, Source

FULL = """
[[rule]]
name = "no_space"
measurement = "filesystem"
priority = {priority}
when = "available_bytes == 0"
clear = "available_bytes > 0"
settle = "{settle}"
value = "available_bytes"
title = {{ fr = "Plein", en = "Full" }}
advice = {{ fr = "Libérez", en = "Free some" }}
why = "It is full."
do = "Delete."
"""


def full(priority: int = 1, settle: str = "0s") -> str:
    """A rule that fires at once."""
    return FULL.format(priority=priority, settle=settle)


def disk(story: Story, free: float, mount: str = "/srv", container: str = CONTAINER) -> None:
    """What a file system of the story has free, in percent."""
    story.reads(
        Filesystem, container=container, mount=mount,
        size_bytes=100, available_bytes=free, read_only=False,
    )  # fmt: skip


def agents(story: Story, containers: list[str], hosts: int = 1) -> None:
    """Agents that report every ten seconds, each at a second of its own."""
    for number, container in enumerate(containers):
        for host in range(hosts):
            story.reads(Source, container=container, host=f"h{host}", source="agent", status="ok")
            key = (Source.name, container, f"h{host}", "agent")
            story.sensors[key].due += number % 10


def dark(story: Story, but: str = "-") -> None:
    """Nothing comes any more, but from there."""
    story.sensors = {k: s for k, s in story.sensors.items() if s.container.startswith(but)}


def messages(desk: Desk, rule: str = "") -> list[tuple[int, str, str, int]]:
    """What a receiver took: at which second, which state, of which rule first, of how many."""
    found = []
    for time, message in desk.taken:
        data: dict[str, Any] = json.loads(message.body)["data"]
        count = data.get("group", {"count": 1})["count"]
        assert count == len(message.alerts)
        if not rule or data["rule"] == rule:
            found.append((round(time - START), data["state"], data["rule"], count))
    return found


def hides(story: Story, until: float, *, kind: Kind = "silence", scope: str = CONTAINER) -> Silence:
    """Alice hides what is wrong there until so many seconds into the story."""
    return story.register.silences.add(
        Silence(
            "", kind, scope, None, "", "Alice", "known", story.now, story.now, START + until
        ),
        story.now,
    )  # fmt: skip


def test_a_hundred_containers_go_dark_and_one_message_says_so(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    containers = [f"s{n // 5}/c{n % 5}" for n in range(100)]
    agents(story, [*containers, "lyon/a"])
    story.until("20s")
    dark(story, "lyon")
    story.until("52s")
    story.step = 10
    story.until("10min")
    told = messages(story.desk)
    assert [t[1:] for t in told] == [("firing", "site_silent", 20)], "where it is shared"
    assert told[0][0] <= 11 + 31 + 30, "half a minute after the first of them was silent"
    assert len(story.register.of("agent_silent")) == 100, "all of it is there to be seen"
    held = [a.held for a in story.register.of("agent_silent").values()]
    assert set(held) == {"inhibited"}

    agents(story, containers)
    story.until("15min")
    ends = messages(story.desk)[len(told) :]
    assert {state for _, state, _, _ in ends} == {"resolved"}
    assert len(ends) <= 2
    assert sum(count for *_, count in ends) == sum(count for *_, count in told)


def test_when_everything_is_dark_the_collector_says_that_it_is_blind(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agents(story, [f"s{n}/a" for n in range(6)])
    story.until("20s")
    dark(story)
    story.until("62s")
    assert [t[::2] for t in messages(story.desk)] == [(61, "collector_blind")]
    story.step = 10
    story.until("10min")
    assert len(messages(story.desk)) == 1
    assert {a.held for a in story.register.of("agent_silent").values()} == {"inhibited"}


def test_a_container_that_falls_silent_is_one_alarm_and_a_host_that_stays_away_another(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.reads(Source, container="lyon/z", source="agent", status="ok")
    for host in ("h1", "h2", "h3"):
        story.reads(Source, host=host, source="agent", status="ok")
    story.until("20s")
    dark(story, "lyon")
    story.step = 5
    story.until("2min")
    assert [t[1:] for t in messages(story.desk)] == [("firing", "container_silent", 1)]
    story.reads(Source, host="h1", source="agent", status="ok")
    story.reads(Source, host="h2", source="agent", status="ok")
    story.until("7min")
    rest = [t[1:] for t in messages(story.desk)[1:]]
    assert sorted(rest) == [
        ("firing", "agent_silent", 1), ("resolved", "container_silent", 1),
    ]  # fmt: skip


def lines(story: Story, *, up: bool, towards: bool = True) -> None:
    """Another site tells of its line to paris, and of its own to the internet."""
    story.reads(Link, container="lyon/z", every="60s", host="none", link="wan", peer="FR", up=True)
    if towards:
        story.reads(
            Link, container="lyon/z", every="60s", host="none", link="to-paris", peer="paris", up=up
        )


def cut(story: Story, *, measured_at: str) -> None:
    """The uplink of a site with two containers falls at 20 s; its far end tells of it then."""
    places = ["paris/a", "paris/b", "lyon/z", "nice/z"]
    agents(story, places, hosts=3)
    lines(story, up=True)
    story.reads(Link, container="paris/a", every="60s", host="none", link="w", peer="FR", up=True)
    story.until("20s")
    story.sensors = {k: s for k, s in story.sensors.items() if not s.container.startswith("paris")}
    story.until(measured_at)
    lines(story, up=False)


def test_a_site_whose_uplink_fell_is_one_notification_of_the_line(tmp_path: Path) -> None:
    story = Story(tmp_path)
    cut(story, measured_at="40s")
    story.until("75s")
    story.step = 10
    story.until("5min")
    assert [t[1:] for t in messages(story.desk)] == [("firing", "site_cut_off", 1)]
    now = story.register.now()
    up = story.alert("site_cut_off")
    assert up.subject.container == "paris"
    others = [a for a in now if a is not up]
    assert {a.rule for a in others} == {
        "agent_silent", "container_silent", "site_silent", "link_down"
    }  # fmt: skip
    assert {story.register.holder(a) for a in others} == {up.id}

    agents(story, ["paris/a", "paris/b"], hosts=3)
    lines(story, up=True)
    story.until("10min")
    assert [t[1:] for t in messages(story.desk)[1:]] == [("resolved", "site_cut_off", 1)]
    assert [a for a in story.register.now() if a.open] == []


def test_where_the_line_is_known_only_later_the_silence_stands_for_it(tmp_path: Path) -> None:
    story = Story(tmp_path)
    cut(story, measured_at="85s")
    story.step = 5
    story.until("10min")
    assert [t[1:] for t in messages(story.desk)] == [("firing", "site_silent", 1)]
    assert story.register.holder(story.alert("site_cut_off")) == story.alert("site_silent").id
    assert story.alert("site_silent").held is None, "it is still called for"


def test_where_no_line_is_measured_silence_is_told_where_it_is_shared(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agents(story, ["paris/a", "paris/b", "lyon/z"], hosts=3)
    story.until("20s")
    dark(story, "lyon")
    story.until("90s")
    assert [t[1:] for t in messages(story.desk)] == [("firing", "site_silent", 1)]


def test_behind_a_line_what_still_speaks_is_told(tmp_path: Path) -> None:
    """A gateway that is heard by another way says that the line is down, and its disk full."""
    story = Story(tmp_path, rules=full())
    agents(story, ["paris/a", "lyon/z"], hosts=3)
    story.until("20s")
    story.sensors = {
        k: s for k, s in story.sensors.items() if k[1] != "paris/a" or k[2] == "h0"
    }  # fmt: skip
    story.reads(Link, container="paris/a", every="60s", host="none", link="w", peer="FR", up=False)
    story.until("90s")
    disk(story, 0, container="paris/a")
    story.until("95s")
    assert [t[2] for t in messages(story.desk)] == ["uplink_down", "no_space"]


def test_the_first_is_told_at_once_and_the_next_together_after_the_interval(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, rules=full())
    disk(story, 0, "/0")
    for n in range(1, 5):
        story.until(f"{n * 5}s")
        disk(story, 0, f"/{n}")
    story.step = 5
    story.until("150s")
    assert messages(story.desk) == [
        (0, "firing", "no_space", 1), (60, "firing", "no_space", 4),
    ]  # fmt: skip
    disk(story, 0, "/late")
    story.until("160s")
    assert messages(story.desk)[2:] == [(150, "firing", "no_space", 1)], "nothing came for long"
    first, second, _ = (message for _, message in story.desk.taken)
    assert first.id == f"{first.alerts[0]}.1"
    assert second.id == f"{second.alerts[0]}.1"


def test_a_restart_between_two_messages_neither_repeats_nor_forgets(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    for n in range(4):
        disk(story, 0, f"/{n}")
        story.until(f"{n * 5}s")
    for second in (20, 40, 59, 60, 61):
        story.crashes()
        story.until(f"{second}s")
    assert messages(story.desk) == [
        (0, "firing", "no_space", 1), (60, "firing", "no_space", 3),
    ]  # fmt: skip


def test_what_comes_and_goes_every_twenty_seconds_is_told_twice(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    story.step = 20
    for n in range(30):
        disk(story, 0 if n % 2 == 0 else 50)
        story.until(f"{n * 20 + 20}s")
    assert messages(story.desk) == [(0, "firing", "no_space", 1)]
    assert story.alert("no_space").flapping
    disk(story, 50)
    story.step = 60
    story.until("3h")
    assert [t[1] for t in messages(story.desk)] == ["firing", "resolved"]
    assert len({message.alerts for _, message in story.desk.taken}) == 1


def test_an_agent_that_comes_and_goes_is_told_twice(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 10
    for n in range(8):
        story.reads(Source, source="agent", status="ok")
        story.until(f"{n * 80 + 20}s")
        story.falls_silent()
        story.until(f"{n * 80 + 70}s")
    story.reads(Source, source="agent", status="ok")
    story.step = 60
    story.until("1h")
    assert [t[1:] for t in messages(story.desk)] == [
        ("firing", "agent_silent", 1), ("resolved", "agent_silent", 1),
    ]  # fmt: skip


def test_a_silence_hides_says_so_and_tells_what_is_still_wrong_when_it_is_over(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, rules=full())
    story.tick()
    silence = hides(story, 300)
    disk(story, 0)
    disk(story, 0, "/elsewhere", "lyon/a")
    story.step = 10
    story.until("2min")
    assert [t[1:] for t in messages(story.desk)] == [("firing", "no_space", 1)]
    (here,) = (a for s, a in story.register.of("no_space").items() if s.container == CONTAINER)
    assert (here.state, here.held, here.told) == (State.FIRING, f"silence:{silence.id}", None)
    story.crashes()
    story.until("6min")
    assert messages(story.desk, "no_space")[1:] == [(300, "firing", "no_space", 1)]


def test_a_silence_that_is_ended_early_tells_at_once(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    silence = hides(story, 3600)
    disk(story, 0)
    story.until("20s")
    story.register.silences.end(silence.id, "Bob", story.now)
    story.until("22s")
    assert messages(story.desk) == [(20, "firing", "no_space", 1)]


def test_what_began_and_ended_in_maintenance_is_told_to_nobody_and_says_why(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, rules=full())
    window = hides(story, 3600, kind="maintenance", scope="paris")
    disk(story, 0)
    story.step = 10
    story.until("1min")
    disk(story, 50)
    story.until("10min")
    assert story.desk.taken == []
    alert = story.alert("no_space")
    assert (alert.state, alert.held) == (State.RESOLVED, f"maintenance:{window.id}")


def test_the_end_of_what_was_told_is_told_in_a_silence_too(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    disk(story, 0)
    story.until("10s")
    hides(story, 3600)
    story.step = 10
    story.until("1min")
    disk(story, 50)
    story.until("3min")
    assert messages(story.desk) == [
        (0, "firing", "no_space", 1), (90, "resolved", "no_space", 1),
    ]  # fmt: skip


def test_what_waits_for_its_group_and_is_over_meanwhile_is_told_to_nobody(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    disk(story, 0, "/first")
    story.until("5s")
    disk(story, 0, "/brief")
    story.until("20s")
    disk(story, 50, "/brief")
    story.step = 10
    story.until("3min")
    assert messages(story.desk) == [(0, "firing", "no_space", 1)]


def test_each_receiver_has_its_own_first_and_its_own_group(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    receivers = [
        declared("all", secret), declared("paris", secret, scope="paris"),
        declared("lyon", secret, scope="lyon"),
    ]  # fmt: skip
    story = Story(tmp_path, rules=full(2), receivers=receivers)
    disk(story, 0)
    story.until("10s")
    disk(story, 0, container="lyon/a")
    disk(story, 0, container="lyon/b")
    story.step = 10
    story.until("302s")
    assert messages(story.desks["all"], "no_space") == [
        (0, "firing", "no_space", 1), (300, "firing", "no_space", 2),
    ]  # fmt: skip
    assert messages(story.desks["paris"], "no_space") == [(0, "firing", "no_space", 1)]
    assert messages(story.desks["lyon"], "no_space") == [(10, "firing", "no_space", 2)]


def test_a_person_who_takes_it_is_told_at_once(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=full())
    disk(story, 0)
    story.until("5s")
    story.register.acknowledge(story.alert("no_space").id, "Alice", None, story.now)
    story.until("6s")
    assert [t[:2] for t in messages(story.desk)] == [(0, "firing"), (5, "acknowledged")]
