from dataclasses import replace
from pathlib import Path

from alerts.chronicle import Chronicle, Turn
from alerts.lifecycle import State
from tests.build.alarm import START, Story
from tests.build.episodes import episode
from vigie.catalogue import Filesystem

RULES = """
[[rule]]
name = "no_space"
measurement = "filesystem"
priority = 1
when = "available_bytes == 0"
settle = "0s"
title = { fr = "Plein", en = "Full" }
advice = { fr = "Libérez", en = "Free some" }
why = "It is full."
do = "Delete."
"""


def story(folder: Path) -> Story:
    told = Story(folder, rules=RULES)
    told.reads(Filesystem, mount="/srv", size_bytes=100, available_bytes=0, read_only=False)
    told.until("10s")
    return told


def test_an_alert_is_told_as_it_went(tmp_path: Path) -> None:
    told = story(tmp_path)
    alert = told.alert("no_space")
    told.register.acknowledge(alert.id, "Alice", "on it", told.now)
    told.reads(Filesystem, mount="/srv", size_bytes=100, available_bytes=50, read_only=False)
    told.until("40s")
    (episode,) = Chronicle(told.database).of([alert.id, "no such alert"])
    assert (episode.began, episode.fired, episode.subject) == (START, START, "paris/a/host-1/srv")
    assert episode.taken is not None
    assert (episode.taken.person, episode.taken.note) == ("Alice", "on it")
    assert episode.ended is not None
    assert START + 10 <= episode.ended <= START + 40
    assert [turn.state for turn in episode.turns] == [
        State.FIRING, State.ACKNOWLEDGED, State.RESOLVED,
    ]  # fmt: skip
    assert episode.announced


def test_what_was_over_before_or_began_after_is_not_of_the_period(tmp_path: Path) -> None:
    told = story(tmp_path)
    told.reads(Filesystem, mount="/srv", size_bytes=100, available_bytes=50, read_only=False)
    told.until("60s")
    chronicle = Chronicle(told.database)
    (episode,) = chronicle.between(START, START + 1)
    ended = episode.ended
    assert ended is not None
    assert chronicle.between(START - 100, START) == []
    assert chronicle.between(ended + 1, ended + 100) == []
    assert chronicle.between(ended - 1, ended + 100) == [episode]


def test_what_came_again_was_not_so_in_between() -> None:
    turns = [
        Turn(State.FIRING, 10.0), Turn(State.RESOLVED, 20.0), Turn(State.FIRING, 50.0),
        Turn(State.ACKNOWLEDGED, 55.0, "Alice"),
    ]  # fmt: skip
    again = replace(episode(10.0, began=5.0), turns=tuple(turns))
    assert again.ended is None
    assert again.spans(100.0) == [(5.0, 20.0), (50.0, 100.0)]
    assert again.transitions == [10.0, 20.0, 50.0]
    assert replace(again, turns=(*turns, Turn(State.RESOLVED, 60.0))).ended == 60.0
    assert episode(None, 30.0, began=1.0).spans(100.0) == [(1.0, 30.0)]
