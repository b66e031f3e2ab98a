"""A whole hall over a threshold at once: what a shift is told, and what a crash leaves of it."""

import json
from pathlib import Path
from unittest import mock

import pytest

from alerts.lifecycle import State
from alerts.register import Register
from collector.duties import evaluate
from tests.build.alarm import CONTAINER, Story
from vigie.catalogue import Gpu
from vigie.errors import StoreError

RULE = """
[[rule]]
name = "hot"
measurement = "gpu"
priority = 1
when = "temperature_celsius > 85C"
value = "temperature_celsius"
title.fr = "{gpu} est chaude"
title.en = "{gpu} is hot"
advice.fr = "Regardez."
advice.en = "Look."
why = "A test."
do = "Look."
"""
HALLS = tuple(f"campus/hall-{n}" for n in range(3))
GPUS = 400


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path, rules=RULE)


def campus(story: Story, celsius: float, gpus: int = GPUS) -> None:
    for hall in HALLS:
        for number in range(gpus):
            story.store.live.put(Gpu, hall, story.now, {
                "host": f"h{number // 8}", "gpu": f"g{number}", "temperature_celsius": celsius,
            })  # fmt: skip


def test_a_campus_over_a_threshold_is_an_alert_a_hall_and_two_messages(story: Story) -> None:
    campus(story, 90.0)
    story.tick()
    assert story.told == [(0, "firing", "hot")]
    first = json.loads(story.desk.taken[0][1].body)["data"]
    assert first["group"]["count"] == len(HALLS)
    assert first["title"]["en"] == f"{GPUS} in campus/hall-0: … is hot"
    assert first["detail"].startswith(f"{GPUS}: h0/g0")
    alerts = story.register.of("hot")
    assert {s.container: a.count for s, a in alerts.items()} == dict.fromkeys(HALLS, GPUS)
    story.now += 10
    campus(story, 50.0)
    story.until("3min")
    assert [state for _, state, _ in story.told] == ["firing", "resolved"]


def test_each_gpu_can_be_asked_for(story: Story) -> None:
    campus(story, 90.0)
    story.tick()
    alert = next(iter(story.register.of("hot").values()))
    found = story.evaluate.members(alert)
    assert len(found) == GPUS
    assert {since for _, since in found} == {story.now}


def test_a_crash_while_it_is_written_loses_nothing_and_doubles_nothing(story: Story) -> None:
    campus(story, 90.0)
    with (
        mock.patch.object(Register, "_write", side_effect=StoreError("power cut")),
        pytest.raises(StoreError),
    ):
        story.tick()
    story.crashes()
    story.tick(deliver=False)
    ids = {a.id for a in story.register.now()}
    story.crashes()
    story.tick()
    story.until("30s")
    assert {a.id for a in story.register.now()} == ids
    assert len(ids) == len(HALLS)
    assert [state for _, state, _ in story.told] == ["firing"]


def test_a_look_begins_a_bounded_number_and_the_first_message_does_not_wait(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "MOST_BEGUN", 60)
    campus(story, 90.0, gpus=40)
    story.tick()
    assert story.told == [(0, "firing", "hot")]
    assert len(story.register.now()) == 60
    story.until("1s")
    assert len(story.register.now()) == len(HALLS) * 40
    assert {a.state for a in story.register.now()} == {State.FIRING}
    assert all(a.subject.container != CONTAINER for a in story.register.now())
