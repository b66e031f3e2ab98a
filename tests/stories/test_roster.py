"""Stories of nights and days: who is called, who next, and how nobody is unsure who has it."""

import json
from pathlib import Path
from typing import Any

from alerts.receivers.outcome import Verdict
from alerts.silence import Silence
from tests.build.alarm import declared
from tests.build.oncall import PARIS, OnCall
from tests.build.roster import roster


def test_by_day_alice_is_called_and_nobody_else(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.breaks("urgent")
    story.until("4min")
    assert story.heard() == [("alice-phone", 0)]


def test_by_night_bob_is(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.at("2027-01-15 23:00")
    story.breaks("urgent")
    story.goes_on(60)
    assert story.heard() == [("bob-phone", story.second("2027-01-15 23:00"))]


def test_nobody_answers_and_the_alert_climbs_level_by_level(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.breaks("urgent")
    story.until("20min")
    # Alice has 5 minutes, Carol 10; above the head there is nobody.
    assert story.heard() == [("alice-phone", 0), ("carol-phone", 300), ("chief-phone", 900)]
    ids = {message.id for desk in story.desks.values() for _, message in desk.taken}
    assert ids == {f"{story.alert('urgent').id}.1"}, "everybody hears of it under one identity"


def said(story: OnCall, name: str) -> list[tuple[str, dict[str, Any] | None, int]]:
    """What a receiver took of what fires: identity, why again, of how many alerts."""
    found = []
    for _, message in story.desks[name].taken:
        data = json.loads(message.body)["data"]
        if data["state"] == "firing":
            found.append((message.id, data["call"], len(message.alerts)))
    return found


def test_the_last_level_is_called_every_quarter_of_an_hour_until_somebody_takes_it(
    tmp_path: Path,
) -> None:
    story = OnCall(tmp_path)
    story.step = 15
    story.breaks("urgent")
    story.until("47min")
    assert story.heard()[2:] == [("chief-phone", t) for t in (900, 1800, 2700)]
    one = story.alert("urgent").id
    assert said(story, "chief-phone") == [
        (f"{one}.1", None, 1),
        (f"{one}.1.again-4", {"why": "again", "count": 4}, 1),
        (f"{one}.1.again-5", {"why": "again", "count": 5}, 1),
    ]
    story.crashes()
    story.register.acknowledge(one, "Chief", None, story.now)
    story.until("90min")
    assert len(said(story, "chief-phone")) == 3


def test_how_often_is_said_by_the_post_and_never_is_possible(tmp_path: Path) -> None:
    posts = PARIS.replace("quiet =", 'again = { p1 = "5min", p2 = "never" }\nquiet =')
    story = OnCall(tmp_path, posts)
    story.step = 30
    story.breaks("urgent")
    story.breaks("soon", mount="/var")
    story.until("26min")
    assert [t for name, t in story.heard() if name == "chief-phone"] == [900, 1200, 1500]
    story.until("4h")
    rules = [rule for _, state, rule in story.told_to("chief-phone") if state == "firing"]
    assert rules.count("soon") == 1


def test_what_is_told_again_is_told_together(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 15
    for number in range(5):
        story.breaks("urgent", mount=f"/{number}")
    story.until("33min")
    assert [count for _, call, count in said(story, "chief-phone") if call] == [5]


def test_to_a_dead_receiver_nothing_is_added_and_the_level_below_is_called_again(
    tmp_path: Path,
) -> None:
    story = OnCall(tmp_path)
    story.step = 30
    story.down("chief-phone")
    story.breaks("urgent")
    story.until("40min")
    assert story.heard() == [
        ("alice-phone", 0), ("carol-phone", 300), ("carol-phone", 1200), ("carol-phone", 2100),
    ]  # fmt: skip
    waiting = [t for t in story.outbox.told(story.alert("urgent").id) if t.state == "waiting"]
    assert [each.receiver for each in waiting] == ["chief-phone"]


def test_who_comes_on_is_told_once_of_all_that_nobody_has_in_hand(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.at("2027-01-15 19:40")
    for mount in ("/a", "/b"):
        story.breaks("soon", mount=mount)
    story.breaks("sometime", mount="/c")
    story.breaks("soon", mount="/mine")
    story.goes_on(60)
    mine = next(a for a in story.register.now() if a.subject.keys[-1] == "/mine")
    story.register.acknowledge(mine.id, "Alice", None, story.now)
    story.goes_on(25 * 60)
    ((identity, call, count),) = said(story, "bob-phone")
    assert (call, count) == ({"why": "handover", "count": 2}, 2)
    assert identity.endswith(".1.handover-2")
    (second,) = [second for name, second in story.heard() if name == "bob-phone"]
    assert 0 <= second - story.second("2027-01-15 20:00") <= 10
    story.crashes()
    story.goes_on(3_600)
    assert len(said(story, "bob-phone")) == 1


def test_a_climb_after_a_handover_goes_on_with_what_was_told_first(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.at("2027-01-15 19:50")
    story.breaks("soon")
    story.goes_on(35 * 60)
    assert said(story, "carol-phone") == [(f"{story.alert('soon').id}.1", None, 1)]


def test_who_takes_it_stops_the_climb_and_all_who_were_called_hear_who_has_it(
    tmp_path: Path,
) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.breaks("urgent")
    story.until("6min")
    story.register.acknowledge(story.alert("urgent").id, "Carol", "on it", story.now)
    story.until("20min")
    assert story.heard() == [("alice-phone", 0), ("carol-phone", 300)]
    assert story.heard("acknowledged") == [("alice-phone", 360), ("carol-phone", 360)]
    story.mends()
    story.until("24min")
    assert [name for name, _ in story.heard("resolved")] == ["alice-phone", "carol-phone"]


def test_a_priority_2_climbs_after_half_an_hour_and_a_priority_3_never(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 30
    story.breaks("soon")
    story.breaks("sometime", mount="/var")
    story.until("100min")
    assert story.heard() == [
        ("alice-phone", 0), ("alice-phone", 0), ("carol-phone", 1800), ("chief-phone", 5400),
    ]  # fmt: skip
    assert {rule for _, _, rule in story.told_to("carol-phone")} == {"soon"}


def test_a_priority_1_goes_to_the_next_30_seconds_after_nobody_took_it(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.down("alice-phone", "alice-mail")
    story.breaks("urgent")
    story.until("2min")
    # Her phone at 0 s, her mail at 30 s, and at 60 s who is next on the ladder.
    assert story.heard() == [("carol-phone", 60)]
    tried = {name: desk.attempts[0] - story.now + 120 for name, desk in story.desks.items()
             if desk.attempts}  # fmt: skip
    assert tried == {"alice-phone": 0, "alice-mail": 30, "carol-phone": 60}
    assert story.desks["carol-phone"].taken[0][1].id == f"{story.alert('urgent').id}.1"


def test_the_retry_schedule_of_a_dead_receiver_delays_nobody(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    patient = declared("alice-phone", tmp_path / "secret", retry=(0.0, 3600.0))
    story.receivers = [patient, *story.receivers[1:]]
    story.crashes()
    story.down("alice-phone")
    story.breaks("urgent")
    story.until("1min")
    assert len(story.desks["alice-phone"].attempts) == 1
    assert story.heard() == [("alice-mail", 30)]


def test_a_receiver_that_took_it_in_time_keeps_it_to_itself(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.down("alice-phone")
    story.breaks("urgent")
    story.until("10s")
    story.desks["alice-phone"].verdict = Verdict.DELIVERED
    story.until("4min")
    assert [name for name, _ in story.heard()] == ["alice-phone"]


def test_a_lower_priority_waits_for_its_receiver(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.down("alice-phone")
    story.breaks("soon")
    story.until("20min")
    assert story.heard() == []
    story.until("31min")
    assert story.heard() == [("carol-phone", 1800)]


def test_low_priorities_of_the_night_are_told_in_the_morning_those_that_still_stand(
    tmp_path: Path,
) -> None:
    story = OnCall(tmp_path)
    story.step = 60
    story.at("2027-01-16 05:00")
    story.breaks("sometime")
    story.breaks("sometime", mount="/tmp")
    story.goes_on(3600)
    assert story.heard() == []
    story.mends(mount="/tmp")
    story.goes_on(2 * 3600)
    # At seven it is still Bob's night: he is told what stands, and nobody what was mended.
    assert story.heard() == [("bob-phone", story.second("2027-01-16 07:00"))]
    assert story.heard("resolved") == []


def test_what_waited_for_the_morning_is_told_together(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 30
    story.at("2027-01-16 06:55")
    for number in range(40):
        story.breaks("sometime", mount=f"/{number}")
    story.goes_on(600)
    ((_, message),) = story.desks["bob-phone"].taken
    assert len(message.alerts) == 40
    assert json.loads(message.body)["data"]["group"]["count"] == 40


def test_a_priority_1_waits_for_no_morning(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.at("2027-01-15 22:00")
    story.breaks("urgent")
    story.breaks("sometime", mount="/tmp")
    story.goes_on(10)
    assert [rule for _, _, rule in story.told_to("bob-phone")] == ["urgent"]


def test_receivers_that_no_roster_calls_hear_of_everything_at_any_hour(tmp_path: Path) -> None:
    story = OnCall(tmp_path, more=[declared("archive", tmp_path / "secret")])
    story.at("2027-01-15 22:00")
    story.breaks("sometime")
    story.goes_on(10)
    assert [name for name, _ in story.heard()] == ["archive"]
    story.mends()
    story.goes_on(120)
    assert [name for name, _ in story.heard("resolved")] == ["archive"]


def test_where_no_post_answers_everybody_is_told(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.breaks("urgent", container="lyon/a")
    story.until("1min")
    assert {name for name, _ in story.heard()} == set(story.desks)


def test_a_post_may_be_of_an_operator(tmp_path: Path) -> None:
    posts = (
        PARIS
        + """
[[posts]]
id = "company"
name = "Company"
operators = ["policloud"]
[[posts.levels]]
name = "all"
backup = ["bob"]
"""
    )
    story = OnCall(tmp_path, posts, operators={"lyon/a": "policloud"})
    story.breaks("urgent", container="lyon/a")
    story.until("1min")
    assert story.heard() == [("bob-phone", 0)]


def test_where_nobody_is_on_the_backup_is_called_and_above_an_empty_level_the_next(
    tmp_path: Path,
) -> None:
    posts = """
[[posts]]
id = "paris"
name = "Paris"
scopes = ["paris"]
[[posts.levels]]
name = "shift"
shifts = [{ people = ["alice"], days = ["sat"] }]
[[posts.levels]]
name = "on call"
shifts = [{ people = ["bob"], days = ["sun"] }]
backup = ["carol"]
within = { p1 = "1min" }
[[posts.levels]]
name = "head"
backup = ["chief"]
"""
    story = OnCall(tmp_path, posts)  # a Friday
    story.step = 10
    story.breaks("urgent")
    story.until("5min")
    assert story.heard() == [("carol-phone", 0), ("chief-phone", 60)]


def test_a_restart_in_the_middle_forgets_nobody_and_calls_nobody_twice(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.breaks("urgent")
    for minute in (1, 4, 6, 14, 16):
        story.until(f"{minute}min")
        story.crashes()
    story.until("18min")
    assert story.heard() == [("alice-phone", 0), ("carol-phone", 300), ("chief-phone", 900)]


def test_a_roster_that_changes_counts_from_then_on(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 5
    story.breaks("urgent")
    story.until("2min")
    story.roster = roster(tmp_path, PARIS.replace('people = ["carol"]', 'people = ["bob"]'))
    story.until("6min")
    assert story.heard() == [("alice-phone", 0), ("bob-phone", 300)]


def test_a_simulated_alert_calls_nobody_who_is_not_declared_for_it(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.simulated = frozenset({"paris/a"})
    story.step = 10
    story.down("alice-phone")
    story.breaks("urgent")
    story.until("10min")
    assert all(not desk.attempts for desk in story.desks.values())


def test_a_desk_is_told_whoever_is_on_and_its_answer_does_not_stand_for_a_persons(
    tmp_path: Path,
) -> None:
    posts = PARIS.replace('name = "shift"\n', 'name = "shift"\nreceivers = ["desk"]\n', 1)
    story = OnCall(tmp_path, posts, more=[declared("desk", tmp_path / "secret")])
    story.down("alice-phone")
    story.breaks("urgent")
    story.until("1min")
    assert story.heard() == [("desk", 0), ("alice-mail", 30)]


def test_sixty_at_once_are_few_messages_and_one_call_of_the_next(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    for number in range(60):
        story.breaks("urgent", container=f"paris/c{number}")
    story.until("12min")
    # What fires at once is told together; nobody calls anybody for what is about to be told.
    by_name = {name: desk.taken for name, desk in story.desks.items() if desk.taken}
    assert set(by_name) == {"alice-phone", "carol-phone"}
    assert sum(len(message.alerts) for _, message in by_name["alice-phone"]) == 60
    assert len(by_name["alice-phone"]) <= 2
    assert [m.id for _, m in by_name["carol-phone"]] == [m.id for _, m in by_name["alice-phone"]]


def test_what_waits_to_be_told_together_is_called_for_by_nobody_else(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.breaks("urgent", mount="/0")
    story.until("5s")
    story.breaks("urgent", mount="/1")
    story.breaks("urgent", mount="/2")
    story.until("2min")
    assert [len(m.alerts) for _, m in story.desks["alice-phone"].taken] == [1, 2]
    assert story.heard()[-1][0] == "alice-phone"
    assert 60 <= story.heard()[-1][1] <= 61


def test_a_silenced_alert_climbs_no_further(tmp_path: Path) -> None:
    story = OnCall(tmp_path)
    story.step = 10
    story.breaks("urgent")
    story.until("2min")
    story.register.silences.add(
        Silence("s1", "silence", "paris", None, "", "Alice", "known", story.now, story.now,
                story.now + 3600),
        story.now,
    )  # fmt: skip
    story.until("20min")
    assert story.heard() == [("alice-phone", 0)]
