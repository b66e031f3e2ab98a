from dataclasses import replace

from alerts.chronicle import Turn
from alerts.incidents.incident import Act, Incident, Stage, Step
from alerts.incidents.timeline import Entry, timeline
from alerts.lifecycle import State
from tests.build.episodes import episode


def test_everything_stands_in_order_with_who_did_it() -> None:
    acts = (
        Act(Step.OPENED, 200.0, "Alice", "p-1", alerts=("x",)),
        Act(Step.ADDED, 210.0, "Bob", "p-2", alerts=("y", "z"), outage=True),
        Act(Step.FILED, 300.0, "Alice", "p-1", "receipt 7", stage=Stage.EARLY_WARNING),
    )
    told = Entry(101.0, "notification", "sent", "duty", alert="x")
    alarm = episode(100.0, 400.0, taken=150.0, id="x", began=90.0)
    found = timeline(
        Incident("inc-1", "Dark", "paris/a", acts), [alarm], lambda _: "No space", [told]
    )
    assert [(e.time, e.kind, e.what, e.who, e.words) for e in found] == [
        (90.0, "alert", "began", None, "No space"),
        (100.0, "alert", "firing", None, "No space"),
        (101.0, "notification", "sent", "duty", ""),
        (150.0, "alert", "acknowledged", "Alice", "No space"),
        (200.0, "act", "opened", "Alice", "Dark; 1 alert"),
        (210.0, "act", "added", "Bob", "2 alerts as an outage"),
        (300.0, "act", "early_warning filed", "Alice", "receipt 7"),
        (400.0, "alert", "resolved", None, "No space"),
    ]
    assert {e.subject for e in found if e.kind == "act"} == {"paris/a"}


def test_the_note_of_who_took_it_is_said_once() -> None:
    turns = (
        Turn(State.FIRING, 1.0),
        Turn(State.ACKNOWLEDGED, 2.0, "Alice", "on it"),
        Turn(State.RESOLVED, 3.0, None, "on it"),
    )
    alarm = replace(episode(1.0), turns=turns)
    opened = Act(Step.OPENED, 9.0, "Alice", "p-1")
    found = timeline(Incident("inc-1", "Dark", "", (opened,)), [alarm], lambda _: "No space")
    assert [e.words for e in found] == ["No space", "on it", "No space", "Dark"]
