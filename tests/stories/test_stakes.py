"""What is lost when a limit is reached, said with the alert that nears it."""

import json
from pathlib import Path

import pytest

from alerts.lifecycle import Subject
from alerts.outlook import Stakes
from alerts.rule import Rule
from collector.duties.stakes import AtStake
from tests.build.alarm import CONTAINER, Story
from tests.build.receiving import Centre
from vigie.catalogue import Gpu, Power, Queue
from vigie.errors import VigieError
from vigie.network.network import Network

RULE = """
[[rule]]
name = "battery"
measurement = "power"
priority = 1
when = "on_battery"
title = { fr = "Sur batterie", en = "On battery" }
advice = { fr = "Agissez", en = "Act" }
why = "It ends."
do = "Act."
[rule.limit]
of = "battery_runtime_seconds"
at = "0s"
over = "5min"
falling = true
name = { fr = "vide", en = "empty" }
loses = ["gpus", "jobs", "tenants"]
"""


def nothing() -> Network:
    raise VigieError("no network was accepted yet")


def on_battery(story: Story, now: bool) -> None:
    story.reads(Power, every="1s", host="none", meter="ups", role="ups", phase="all",
                method="meter", on_battery=now, battery_runtime_seconds=400.0)  # fmt: skip


def test_an_alert_says_what_its_limit_takes_with_it(tmp_path: Path) -> None:
    story, centre = Story(tmp_path, rules=RULE), Centre(tmp_path)
    story.evaluate._stakes = AtStake(
        story.store.live, centre.kept, centre.margins, nothing, clock=lambda: story.now
    )
    for n in range(8):
        story.reads(Gpu, host="h1", gpu=f"g{n}", up=True)
    story.reads(Queue, host="none", scheduler="slurm", tenant="nice", running_count=8)
    on_battery(story, now=False)
    story.until("1min")
    on_battery(story, now=True)
    story.until("2min")
    assert story.alert("battery").stakes == Stakes(gpus=8, tenants=("nice",))
    (_, message) = next(t for t in story.desk.taken if b'"battery"' in t[1].body)
    told = json.loads(message.body)["data"]["stakes"]
    assert (told["gpus"], told["jobs"], told["tenants"]) == (8, None, ["nice"])
    centre.kept.close()


def test_who_cannot_count_what_is_lost_tells_of_the_alert_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Subject, __: Rule) -> Stakes | None:
        raise RuntimeError("no such table")

    story = Story(tmp_path, rules=RULE)
    story.evaluate._stakes = broken
    on_battery(story, now=True)
    story.until("5s")
    assert story.alert("battery").subject.container == CONTAINER
    assert [state for _, state, _ in story.told] == ["firing"]
    assert story.counters.value("alert_stakes_failures_total") > 0
    assert "what is at stake cannot be counted" in caplog.text
