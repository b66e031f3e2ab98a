"""A roster in a collector that runs: who is called when the first is away, who answers, beats."""

import json
import re
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.build.desk import PATH, RULES, SECRET, Desk
from tests.build.programs import Collector
from tests.house import ROOT
from tests.system.test_webhook import Host, opened
from vigie.replies.roster import AlertCalls, Roster

RECEIVER = """
[[receiver]]
name = "{name}"
kind = "webhook"
url = "http://127.0.0.1:{port}{path}"
secret_file = "desk.secret"
allow = ["127.0.0.1/32:{port}"]
{more}
"""
ROSTER = """
[[people]]
id = "alice"
name = "Alice"
receivers = ["alice"]
[[people]]
id = "bob"
name = "Bob"
receivers = ["bob"]
[[posts]]
id = "paris"
name = "Paris"
scopes = ["paris"]
timezone = "Europe/Paris"
[[posts.levels]]
name = "on call"
calendar = "oncall.ics"
[[posts.levels]]
name = "backup"
backup = ["bob"]
"""
FEED = (
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:On call: Alice\nDTSTART:20260101T000000Z\n"
    "DURATION:P1D\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n"
)


def documents(folder: Path, alice: Desk, bob: Desk, outside: Desk) -> list[str]:
    """Write all that a collector with a roster reads; the arguments that name it."""
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(RULES, encoding="utf-8")
    written = [
        RECEIVER.format(name=name, port=desk.port, path=PATH, more=more)
        for name, desk, more in (
            ("alice", alice, 'retry = ["0s", "1h"]'),
            ("bob", bob, ""),
            ("outside", outside, 'heartbeat = "10s"'),
        )
    ]
    (folder / "receivers.toml").write_text("".join(written), encoding="utf-8")
    (folder / "roster.toml").write_text(ROSTER, encoding="utf-8")
    (folder / "oncall.ics").write_text(FEED, encoding="utf-8")
    (folder / "desk.secret").write_text(SECRET, encoding="utf-8")
    (folder / "desk.secret").chmod(0o600)
    names = ("rules", "receivers.toml", "roster.toml")
    return [
        word for name in names for word in (f"--{name.partition('.')[0]}", str(folder / name))
    ]  # fmt: skip


def documented() -> Any:
    """The function of the documentation, which the author of a receiver would copy."""
    page = (ROOT / "docs" / "roster.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    return names["acknowledge"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_first_is_away_the_next_is_called_answers_and_the_climb_is_over(
    tmp_path: Path,
) -> None:
    with closing(Desk()) as alice, closing(Desk()) as bob, closing(Desk()) as outside:
        arguments = documents(tmp_path, alice, bob, outside)
        bob.open()
        outside.open()
        with (
            Collector(tmp_path / "data", arguments=arguments) as running,
            running.client() as client,
            closing(Host(running)) as host,
        ):
            (post,) = client.get(Roster, "roster").posts
            assert [level.people for level in post.levels] == [["Alice"], ["Bob"]]
            began = host.reads("/srv", 0)
            alert = opened(running)
            called = client.get(AlertCalls, f"alerts/{alert.id}/calls")
            assert (called.level, [c.receiver for c in called.calls]) == ("on call", ["alice"])
            assert called.next_receivers == ["bob"]

            bob.wait(1, 90)
            took = bob.came[0][0] - began
            print(
                f"an urgent alert whose first receiver is away was at the next after {took:.1f} s"
            )
            assert 30 <= took < 34
            assert list(bob.told) == [f"{alert.id}.1"]

            documented()(running.url, "bob", SECRET, alert.id, "Bob")
            bob.wait(2)
            assert bob.states == ["firing", "acknowledged"]
            said = json.loads(bob.came[1][2])["data"]
            assert said["acknowledged_by"] == "Bob (bob)"
            assert client.get(AlertCalls, f"alerts/{alert.id}/calls").next_receivers is None
        beats = [json.loads(body) for _, _, body in outside.came]
        assert len(beats) >= 3
        assert {beat["type"] for beat in beats} == {"heartbeat"}
        apart = [b[0] - a[0] for a, b in pairwise(outside.came)]
        assert all(9 < each < 12 for each in apart), apart


def test_a_wrong_roster_refuses_the_start(tmp_path: Path) -> None:
    desk = Desk()
    arguments = documents(tmp_path, desk, desk, desk)
    path = tmp_path / "roster.toml"
    path.write_text(ROSTER.replace('receivers = ["bob"]', 'receivers = ["bod"]'), encoding="utf-8")
    command = [sys.executable, "-m", "vigie", "collector", "run", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "roster.toml:9: people[2].receivers: no receiver is called 'bod'" in done.stderr
    assert "did you mean bob?" in done.stderr
