"""Receivers of every kind beside each other, well ones and broken ones, and what people see."""

import email
import email.policy
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.build.desk import RULES, SECRET, Desk
from tests.build.letterbox import Letterbox
from tests.build.programs import Collector
from tests.system.test_webhook import Host

pytestmark = pytest.mark.system

WITHIN_SECONDS = 3.0
FILE = """
[[receiver]]
name = "mute"
kind = "webhook"
format = "text"
url = "http://127.0.0.1:{mute}/hook"
allow = ["127.0.0.1/32:{mute}"]
timeout = "500ms"

[[receiver]]
name = "elsewhere"
kind = "webhook"
format = "alertmanager"
url = "http://127.0.0.1:{moved}/hook?x=1"
allow = ["127.0.0.1/32:{moved}"]

[[receiver]]
name = "inside"
kind = "webhook"
format = "text"
url = "http://127.0.0.1:{desk}/hook?x=1"

[[receiver]]
name = "babble"
kind = "alertmanager"
url = "http://127.0.0.1:{box}"
allow = ["127.0.0.1/32:{box}"]

[[receiver]]
name = "desk"
kind = "webhook"
url = "http://127.0.0.1:{desk}/hook?x=1"
secret_file = "desk.secret"
allow = ["127.0.0.1/32:{desk}"]

[[receiver]]
name = "mail"
kind = "mail"
url = "smtp://127.0.0.1:{box}"
to = ["noc@example.org"]
sender = "vigie@example.org"
starttls = false
language = "en"
allow = ["127.0.0.1/32:{box}"]
"""
FAULTS = {
    "mute": "no answer", "elsewhere": "answered 302, a redirection",
    "inside": "127.0.0.1, which is not public", "babble": "no answer",
}  # fmt: skip


class Place:
    """A collector with receivers, and those who listen: well, moved away, and mute."""

    def __init__(self, folder: Path) -> None:
        self.desk, self.moved, self.box, self.mute = Desk(), Desk(), Letterbox(), socket.socket()
        self.moved.script = [302] * 1_000
        self.mute.bind(("127.0.0.1", 0))
        self.mute.listen()
        for one in (self.desk, self.moved, self.box):
            one.open()
        rules = folder / "rules"
        rules.mkdir()
        (rules / "own.toml").write_text(RULES, encoding="utf-8")
        (folder / "desk.secret").write_text(SECRET, encoding="utf-8")
        (folder / "desk.secret").chmod(0o600)
        (folder / "receivers.toml").write_text(
            FILE.format(desk=self.desk.port, moved=self.moved.port, box=self.box.port,
                        mute=self.mute.getsockname()[1])
        )  # fmt: skip
        arguments = ["--rules", str(rules), "--receivers", str(folder / "receivers.toml")]
        self.collector = Collector(folder / "data", arguments=arguments)

    def close(self) -> None:
        for one in (self.desk, self.moved, self.box, self.mute):
            one.close()

    def vigie(self, *words: str) -> tuple[int, Any]:
        """Exit status of `vigie receivers …`, and what it answered."""
        command = [sys.executable, "-m", "vigie", "receivers", *words, "--json",
                   "--url", self.collector.url, "--data", str(self.collector.data)]  # fmt: skip
        clean = {k: v for k, v in os.environ.items() if not k.startswith("VIGIE_")}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=clean
        )  # fmt: skip
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with closing(Place(tmp_path_factory.mktemp("place"))) as found, found.collector:
        yield found


def within(seconds: float, so: Callable[[], Any]) -> Any:
    """What that is, once it is anything."""
    end = time.monotonic() + seconds
    while not (found := so()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
    return found


def listed(place: Place) -> list[dict[str, Any]]:
    """Every receiver as `vigie receivers list` shows it."""
    found: list[dict[str, Any]] = place.vigie("list")[1]["receivers"]
    return found


def subjects(place: Place) -> list[str]:
    """What each letter that came is about."""
    read = (email.message_from_bytes(one, policy=email.policy.SMTP) for one in place.box.letters)
    return [str(letter["Subject"]) for letter in read]


def test_broken_receivers_are_named_and_delay_nobody(place: Place) -> None:
    with closing(Host(place.collector)) as host:
        began = host.reads("/srv", 0)
        place.desk.wait(1)
        within(60, lambda: "[P1 ALERT] /srv full" in subjects(place))
        took = time.time() - began
        print(f"frame posted to webhook and mail, four receivers broken: {took:.2f} s")
        assert took < WITHIN_SECONDS
    within(60, lambda: all(one["fault"] for one in listed(place) if one["name"] in FAULTS))
    status, answer = place.vigie("list")
    assert status == 1
    for one in answer["receivers"]:
        fault = FAULTS.get(one["name"])
        if fault is None:
            assert (one["fault"], one["waiting"], one["dead"]) == (None, 0, 0), one
        else:
            assert fault in one["fault"], one
            assert one["waiting"] >= 1


def test_a_test_says_what_came_back_from_that_receiver(place: Place) -> None:
    for name, verdict, status in (
        ("desk", "delivered", 0), ("mail", "delivered", 0), ("elsewhere", "down", 1),
        ("mute", "down", 1),
    ):  # fmt: skip
        code, answer = place.vigie("test", name)
        assert (answer["verdict"], code) == (verdict, status), answer
    assert json.loads(place.desk.came[-1][2])["type"] == "receiver.test"
    assert b"TEST" in place.box.letters[-1]


def test_there_are_no_dead_letters_yet_and_none_to_send_again(place: Place) -> None:
    status, answer = place.vigie("dead")
    assert (status, answer["letters"]) == (0, [])
    assert place.vigie("replay", "desk") == (0, [{"receiver": "desk", "letters": []}])
    assert place.vigie("replay") == (0, [])
