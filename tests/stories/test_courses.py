"""Stories of what nears its limit: in how long, told with the alert, and over a crash."""

import json
from pathlib import Path
from typing import Any

from tests.build.alarm import Story
from vigie.catalogue import Gpu
from vigie.network.thresholds import Threshold

WARM = """
[[rule]]
name = "gpu_warming"
measurement = "gpu"
priority = 1
when = "temperature_celsius > warm"
clear = "temperature_celsius < warm - 5C"
value = "temperature_celsius"
title = { fr = "Chaud", en = "Warm" }
advice = { fr = "Refroidissez", en = "Cool it" }
why = "It warms."
do = "Cool it."

[rule.thresholds]
warm = "75C"

[rule.limit]
of = "temperature_celsius"
at = "85C"
over = "5min"
name = { fr = "arrêt", en = "shutdown" }
loses = ["gpus", "jobs"]

[[rule]]
name = "gpu_soon_hot"
measurement = "gpu"
priority = 1
when = "time_to(temperature_celsius, 85C, 5min) < 10min"
clear = "delta(temperature_celsius, 5min) <= 0C"
settle = "30s"
title = { fr = "Bientôt chaud", en = "Soon hot" }
advice = { fr = "Refroidissez", en = "Cool it" }
why = "It warms."
do = "Cool it."
"""


def warms(story: Story, minutes: int, degrees: float, begin: float = 60.0) -> None:
    """A board becomes warmer by so many degrees a minute."""
    start = round(story.now)
    for second in range(0, minutes * 60, 10):
        story.reads(Gpu, gpu="g", temperature_celsius=begin + degrees * second / 60)
        story.now = float(start + second)
        story.tick()
    story.now = float(start + minutes * 60)


def told(story: Story, rule: str) -> list[dict[str, Any]]:
    """What the receiver read of a rule."""
    said = [json.loads(message.body)["data"] for _, message in story.desk.taken]
    return [data for data in said if data["rule"] == rule]


def test_an_alert_tells_in_how_long_the_limit_is_reached(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=WARM)
    warms(story, 9, 2.0)
    (firing,) = told(story, "gpu_warming")
    outlook = firing["outlook"]
    assert outlook["name"]["en"] == "shutdown"
    assert 240 <= outlook["seconds"] <= 310, "five minutes less what it is over 75 °C"
    assert outlook["least"] <= outlook["seconds"] <= outlook["most"]


def test_a_board_that_will_be_hot_is_told_before_it_is(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=WARM)
    warms(story, 5, 2.0)
    assert [data["state"] for data in told(story, "gpu_soon_hot")] == ["firing"]
    assert told(story, "gpu_warming") == []


def test_over_a_crash_an_alert_stays_until_the_past_is_known_again(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=WARM)
    warms(story, 6, 2.0)
    story.crashes()
    assert story.alert("gpu_soon_hot").open
    warms(story, 5, 0.0, begin=72.0)
    states = [data["state"] for data in told(story, "gpu_soon_hot")]
    assert states == ["firing", "resolved"], "once, when it is known not to warm any more"


def test_a_place_has_its_own_threshold(tmp_path: Path) -> None:
    story = Story(tmp_path, rules=WARM)
    story.rulebook.follow(lambda: [Threshold("gpu_warming", "warm", "paris", "65C")])
    warms(story, 4, 2.0)
    (firing,) = told(story, "gpu_warming")
    assert firing["value"] > 65
