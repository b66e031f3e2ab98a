"""Stories of alerts from the reading to the receiver, on a clock that obeys."""

import contextlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.notice import WIDER_HOST_SECONDS
from alerts.receivers.outcome import Verdict
from tests.build.alarm import CONTAINER, START, Story, declared
from vigie.catalogue import Filesystem, Source
from vigie.errors import StoreError
from vigie.shape import Value

NOW = """
[[rule]]
name = "no_space"
measurement = "filesystem"
priority = 1
when = "available_bytes == 0"
value = "available_bytes"
title = { fr = "Plein", en = "Full" }
advice = { fr = "Libérez", en = "Free some" }
why = "It is full."
do = "Delete."
"""

WAITS = round(WIDER_HOST_SECONDS)
"""So long the silence of a host waits for a wider one."""


def disk(story: Story, free: float | None, mount: str = "/srv") -> None:
    """What a file system of the story has free, in percent."""
    story.reads(Filesystem, mount=mount, size_bytes=100, available_bytes=free, read_only=False)


def agent(story: Story, host: str = "host-1") -> None:
    """An agent that reports every second."""
    story.reads(Source, every="1s", host=host, source="agent", status="ok")


def test_a_disk_fills_is_told_once_taken_by_a_person_and_resolves(tmp_path: Path) -> None:
    story = Story(tmp_path)
    disk(story, 50)
    story.until("1min")
    assert story.register.now() == []

    disk(story, 8)
    story.until("5min")
    assert story.alert("filesystem_filling").state == "pending"
    assert story.told == []
    story.until("9min")
    assert story.told == [(360, "firing", "filesystem_filling")]

    story.step = 10
    story.until("10min")
    alert = story.alert("filesystem_filling")
    story.register.acknowledge(alert.id, "Alice", "cleaning up", story.now)
    story.until("11min")
    assert story.told[1:] == [(600, "acknowledged", "filesystem_filling")]

    disk(story, 12)  # better, and still below where it resolves
    story.until("20min")
    assert story.alert("filesystem_filling").acknowledged_by == "Alice"
    disk(story, 20)
    story.until("30min")
    assert story.told[2:] == [(1260 + 30, "resolved", "filesystem_filling")]
    assert [(c.state, c.person) for c in story.register.history(alert.id)] == [
        ("pending", None), ("firing", None), ("acknowledged", "Alice"), ("resolved", None),
    ]  # fmt: skip


def test_a_rule_without_for_is_told_at_the_next_look(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    disk(story, 0)
    story.until("0s")
    assert story.told == [(0, "firing", "no_space")]


def test_a_receiver_down_for_ten_minutes_gets_it_once_within_a_minute_of_its_return(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, rules=NOW)
    story.desk.verdict = Verdict.DOWN
    story.step = 4
    disk(story, 0)
    story.until("10min")
    assert len(story.desk.attempts) >= 10
    story.desk.verdict = Verdict.DELIVERED
    story.until("12min")
    ((when, state, rule),) = [t for t in story.told if t[2] == "no_space"]
    assert (state, rule) == ("firing", "no_space")
    assert 600 <= when <= 660


def test_what_happened_while_the_receiver_was_down_comes_in_order(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.desk.verdict = Verdict.DOWN
    disk(story, 0)
    story.until("1min")
    alert = story.alert("no_space")
    story.register.acknowledge(alert.id, "Bob", None, story.now)
    disk(story, 80)
    story.until("4min")
    story.desk.verdict = Verdict.DELIVERED
    story.until("10min")
    assert [state for _, state, _ in story.told] == ["firing", "acknowledged", "resolved"]
    ids = [message.id for _, message in story.desk.taken]
    assert ids == [f"{alert.id}.{n}" for n in (1, 2, 3)]


def test_a_broken_receiver_delays_no_other(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    receivers = [declared("broken", secret), declared("well", secret)]
    story = Story(tmp_path, rules=NOW, receivers=receivers)
    story.desks["broken"].crash = RuntimeError("bad plug-in")
    disk(story, 0)
    story.until("10s")
    assert story.told_to("well") == [(0, "firing", "no_space")]
    assert story.told_to("broken") == []
    counted = {"receiver": "broken", "verdict": "down"}
    assert story.counters.value("deliveries_total", **counted) >= 3


def test_a_receiver_that_is_gone_hears_no_more_until_its_url_changes(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.desk.verdict = Verdict.GONE
    disk(story, 0)
    story.until("4min")
    assert len(story.desk.attempts) == 1
    (old,) = story.receivers
    story.receivers = [replace(old, url="http://new.example/hook")]
    story.desk.verdict = Verdict.DELIVERED
    story.crashes()
    story.until("250s")
    assert [t[1] for t in story.told] == ["firing"]


@pytest.mark.slow
def test_a_dead_letter_is_counted_after_three_days(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.desk.verdict = Verdict.DOWN
    disk(story, 0)
    story.until("1s")
    while story.counters.value("notifications_given_up_total") == 0:
        story.now += 240
        assert story.now < START + 76 * 3600
        story.delivers()
    assert story.now - START == pytest.approx(75 * 3600, abs=600)
    assert story.outbox.counts() == {("desk", "dead"): 1}


@pytest.mark.slow
def test_flapping_every_twenty_seconds_for_an_hour_is_told_once(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.step = 10
    for second in range(0, 3600, 20):
        disk(story, 0 if second % 40 == 0 else 80)
        story.until(f"{second + 10}s")
    assert len(story.told) <= 2


@pytest.mark.slow
def test_slow_flapping_is_told_less_and_less_often(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.step = 10
    for second in range(0, 7200, 90):
        disk(story, 0 if second % 180 == 0 else 80)
        story.until(f"{second + 80}s")
    first = [t for t in story.told if t[0] < 3600]
    assert len(first) <= 8, "without a bound it would be forty"


@pytest.mark.slow
def test_a_silent_agent_fires_in_half_a_minute_and_its_other_alerts_are_held_back(
    tmp_path: Path,
) -> None:
    rules = NOW.replace("available_bytes == 0", "age > 45s").replace("no_space", "disk_unread")
    story = Story(tmp_path, rules=rules)
    agent(story)
    disk(story, 50)
    story.until("1min")
    story.falls_silent()
    story.until("5min")
    assert story.told == [(91 + WAITS, "firing", "agent_silent")]
    assert story.alert("disk_unread").state == "firing", "held back, and visible"

    agent(story)
    story.until("10min")
    assert [t[1:] for t in story.told[1:]] == [
        ("firing", "disk_unread"), ("resolved", "agent_silent"),
    ]  # fmt: skip


def test_silence_is_never_masked_by_a_row_from_the_future(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.until("1min")
    values: dict[str, Value] = {"source": "agent", "status": "ok"}
    story.store.live.put(Source, CONTAINER, START + 500, values)
    story.until("120s")
    assert story.told == [(91 + WAITS, "firing", "agent_silent")]


def test_a_collector_that_was_down_calls_nobody_silent_who_comes_back(tmp_path: Path) -> None:
    story = Story(tmp_path)
    for host in ("quick", "slow", "slowest", "gone"):
        agent(story, host)
    story.until("10s")
    away(story, 600, {"quick": 0, "slow": 40, "slowest": 95})
    story.until("15min")
    assert story.told == [(610 + 100 + WAITS, "firing", "agent_silent")]
    assert [s.keys[0] for s in story.register.of("agent_silent")] == ["gone"]


def test_a_silence_that_was_told_stays_open_over_a_restart(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent(story, "here")
    agent(story, "gone")
    story.until("10s")
    del story.sensors[sensor_of(story, "gone")]
    story.until("70s")
    known = story.alert("agent_silent")
    away(story, 600, {"here": 5})
    story.until("12min")
    assert story.alert("agent_silent").blind, "whether it came back is not known yet"
    story.until("15min")
    assert story.told == [(41 + WAITS, "firing", "agent_silent")]
    alert = story.alert("agent_silent")
    assert (alert.id, alert.state, alert.blind) == (known.id, "firing", False)
    agent(story, "gone")
    story.until("20min")
    assert [told[1] for told in story.told] == ["firing", "resolved"]


def test_an_alert_that_resolves_at_once_is_not_resolved_by_a_restart(tmp_path: Path) -> None:
    rules = NOW.replace("available_bytes == 0", "age > 45s").replace("no_space", "disk_unread")
    story = Story(tmp_path, rules=rules.replace("why =", 'settle = "0s"\nwhy ='))
    disk(story, 50)
    story.until("10s")
    story.falls_silent()
    story.until("2min")
    away(story, 600, {})
    story.until("20min")
    assert story.told == [(56, "firing", "disk_unread")]


def test_while_nothing_can_come_in_nobody_is_silent_but_the_collector_is_blind(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    agent(story, "back")
    agent(story, "gone")
    story.until("1min")
    story.deaf, sensors = True, dict(story.sensors)
    story.falls_silent()
    story.until("10min")
    assert story.told == [(70, "firing", "collector_blind")]
    story.deaf = False
    story.sensors = {key: sensor for key, sensor in sensors.items() if "back" in key}
    for sensor in story.sensors.values():
        sensor.due = story.now + 60
    story.until("15min")
    silent = [told for told in story.told if told[2] == "agent_silent"]
    assert silent == [(600 + 100 + WAITS, "firing", "agent_silent")]
    assert [s.keys[0] for s in story.register.of("agent_silent")] == ["gone"]


def test_a_collector_that_was_suspended_calls_nobody_silent(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent(story)
    story.until("1min")
    story.now += 3600
    for sensor in story.sensors.values():
        sensor.due = story.now + 60
    story.until("70min")
    assert story.told == []


def sensor_of(story: Story, host: str) -> tuple[str, ...]:
    """The one of that host."""
    (key,) = [key for key in story.sensors if host in key]
    return key


def away(story: Story, seconds: float, back: Mapping[str, float]) -> None:
    """The collector dies and starts that much later; `back` says who comes back, and when."""
    story.now += seconds
    story.crashes()
    kept = {sensor_of(story, host): after for host, after in back.items()}
    story.sensors = {key: story.sensors[key] for key in kept}
    for key, sensor in story.sensors.items():
        sensor.due = story.now + kept[key]


def test_an_alert_whose_source_is_mute_stays_and_is_blind(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    disk(story, 0)
    story.until("10s")
    story.step = 10
    story.falls_silent()
    story.until("20min")
    alert = story.alert("no_space")
    assert (alert.state, alert.blind) == ("firing", True)
    story.store.live.rows.clear()
    story.store.live._tables.clear()
    story.until("30min")
    assert story.alert("no_space").state == "firing", "a subject that disappears resolves nothing"
    disk(story, 50)
    story.until("40min")
    assert [t[1] for t in story.told] == ["firing", "resolved"]


def test_unknown_values_neither_open_nor_close(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.step = 10
    disk(story, None)
    story.until("1min")
    assert story.register.now() == []
    disk(story, 0)
    story.until("2min")
    disk(story, None)
    story.until("10min")
    assert story.alert("no_space").blind


def test_an_event_is_told_once_with_both_times_and_ends_by_itself(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.store.happens("gap", START - 3600, START, detail="frames 3-9: spool full")
    story.store.happens("gap", START - 1800, START, detail="frames 20-30: spool full")
    story.until("10s")
    assert story.told == [(0, "firing", "readings_lost")]
    data = json.loads(story.desk.taken[0][1].body)["data"]
    assert data["happened"] < data["learned"]
    assert story.alert("readings_lost").count == 2
    story.now += 24 * 3600
    story.until("1d")
    story.tick()
    story.now += 30  # an end waits, as what comes again meanwhile was never gone
    story.tick()
    assert [t[1] for t in story.told] == ["firing", "resolved"]


def test_an_event_learned_too_late_is_history_and_notifies_nobody(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.store.happens("damaged", START - 7200, START, detail="an old file")
    story.until("10s")
    assert story.told == []
    (alert,) = story.register.listed(["resolved"])  # type: ignore[list-item]
    assert alert.happened == START - 7200


def test_a_crash_before_the_transaction_is_evaluated_again_and_told_once(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.store.happens("damaged", START, START, detail="a file")
    disk(story, 0)

    def refuse(*_: object) -> None:
        raise StoreError("disk full")

    put, story.outbox.put = story.outbox.put, refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreError):
        story.tick()
    assert story.register.now() == []
    story.outbox.put = put  # type: ignore[method-assign]
    story.crashes()
    story.until("10s")
    assert sorted(t[2] for t in story.told) == ["data_damaged", "no_space"]


def test_a_crash_between_the_transaction_and_the_sending_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, rules=NOW)
    disk(story, 0)
    story.store.happens("damaged", START, START, detail="a file")
    story.tick(deliver=False)
    for _ in range(5):
        story.crashes()
        story.tick(deliver=False)
    story.until("1min")
    assert sorted(t[2] for t in story.told) == ["data_damaged", "no_space"]


def test_a_crash_after_the_sending_repeats_the_same_identity(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    disk(story, 0)
    story.outbox.sent = lambda *_: story.database.close()  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        story.tick()
    story.starts()
    story.until("10s")
    ids = [message.id for _, message in story.desk.taken]
    bodies = {message.body for _, message in story.desk.taken}
    assert len(ids) == 2
    assert len(set(ids)) == len(bodies) == 1


def test_time_down_does_not_count_towards_for(tmp_path: Path) -> None:
    story = Story(tmp_path)
    disk(story, 8)
    story.until("2min")
    story.now += 600
    for sensor in story.sensors.values():
        sensor.due = story.now
    story.crashes()
    story.tick()
    assert story.alert("filesystem_filling").state == "pending"
    story.until("15min")
    assert [t[1] for t in story.told] == ["firing"]


def test_a_simulated_alert_reaches_only_who_is_declared_for_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    receivers = [declared("real", secret), declared("drill", secret, simulated_allowed=True)]
    story = Story(tmp_path, rules=NOW, receivers=receivers, simulated=frozenset({CONTAINER}))
    disk(story, 0)
    story.until("1s")
    assert story.told_to("real") == []
    assert story.told_to("drill") == [(0, "firing", "no_space")]


def test_receivers_hear_of_their_scope_and_priority(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    receivers = [
        declared("paris", secret, scope="paris"),
        declared("host", secret, scope=f"{CONTAINER}/host-1"),
        declared("lyon", secret, scope="lyon"),
        declared("par", secret, scope="par"),
        declared("urgent", secret, min_priority=1),
    ]
    story = Story(tmp_path, receivers=receivers)
    disk(story, 8)
    story.until("6min")
    heard = {name: len(story.told_to(name)) for name in story.desks}
    assert heard == {"paris": 1, "host": 1, "lyon": 0, "par": 0, "urgent": 0}


def test_one_broken_rule_stops_no_other(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    broken = story.rulebook.rules["agent_silent"]
    object.__setattr__(broken, "when", None)
    disk(story, 0)
    agent(story)
    story.until("1s")
    assert story.told == [(0, "firing", "no_space")]
    assert story.counters.value("alert_rule_failures_total", rule="agent_silent") == 2


def test_a_rule_file_that_breaks_leaves_the_old_rules_in_force(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    story.until("4s")
    story.rule_file.write_text(NOW.replace("available_bytes", "availble_bytes"))
    disk(story, 0)
    story.until("10s")
    assert story.told == [(4, "firing", "no_space")]
    assert story.counters.value("rule_files_broken") == 1
    story.rule_file.write_text(NOW.replace("no_space", "no_room"))
    story.until("1min")
    assert story.counters.value("rule_files_broken") == 0
    assert {t[1:] for t in story.told[1:]} == {("resolved", "no_space"), ("firing", "no_room")}


def test_followers_of_the_stream_are_told_of_changes(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=NOW)
    disk(story, 0)
    story.until("5s")
    ((event, data),) = [a for a in story.announced if a[1]["rule"] == "no_space"]
    assert event == "alert"
    assert (data["state"], data["container"]) == ("firing", CONTAINER)


@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(["fill", "empty", "look", "deliver", "crash", "down", "up", "lose"]),
        max_size=40,
    )
)
def test_whatever_crashes_when_the_receiver_hears_the_truth_and_each_change_once(
    acts: list[str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder), rules=NOW.replace("why =", 'settle = "0s"\nwhy ='))
        for act in [*acts, "up", "wait", "look", "wait", "look", "deliver"]:
            story.now += 7
            match act:
                case "fill" | "empty":
                    disk(story, 0 if act == "fill" else 80)
                case "look":
                    story.tick(deliver=False)
                case "deliver":
                    story.now += 400
                    story.delivers()
                case "wait":
                    story.now += 1000
                case "crash":
                    story.crashes()
                case "down" | "up":
                    down = act == "down"
                    story.desk.verdict = Verdict.DOWN if down else Verdict.DELIVERED
                case "lose":
                    lost(story)
        ids = [message.id for _, message in story.desk.taken]
        told = {m.id: json.loads(m.body)["data"] for _, m in story.desk.taken}
        standing = {a.id: a.state for a in story.register.of("no_space").values()}
        assert list(dict.fromkeys(ids)) == list(told), "a repeat comes at once, or not at all"
        for name, state in standing.items():
            heard = [d["state"] for d in told.values() if d["id"] == name]
            assert heard == ["firing", "resolved"][: len(heard)]
            unheard = not heard and state == "resolved"
            assert unheard or heard[-1:] == [state], "the last word is how it stands"
        story.database.close()


def lost(story: Story) -> None:
    """The receiver takes a message and the collector dies before it knows."""
    sent, story.outbox.sent = story.outbox.sent, None  # type: ignore[assignment, method-assign]
    with contextlib.suppress(TypeError):
        story.delivers()
    story.outbox.sent = sent  # type: ignore[method-assign]
    story.crashes()
