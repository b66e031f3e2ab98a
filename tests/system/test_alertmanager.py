"""A real Alertmanager: what it is told through its API, and what it tells in our form's words."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Self

import pytest

from alerts.delivery import outbox
from alerts.delivery.address import Allowed
from alerts.delivery.message import compose, trial
from alerts.delivery.outbox import Outbox
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.body import alertmanager as version_4
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import made
from alerts.receivers.labels import fingerprint
from alerts.receivers.outcome import Verdict
from alerts.receivers.standing import standing
from alerts.rule import Rule, Words
from collector.counters import Counters
from collector.duties.deliver import AGAIN_SECONDS, Deliver
from tests.build.desk import PATH, Desk
from tests.build.programs import free_port, wait_for
from vigie.catalogue import Filesystem
from vigie.database import Database

pytestmark = pytest.mark.system

PROGRAM = shutil.which("prometheus-alertmanager")
if PROGRAM is None:
    pytest.skip("no Alertmanager: apt-get install prometheus-alertmanager", allow_module_level=True)
CONFIGURATION = """
route: { receiver: desk, group_by: [alertname], group_wait: 0s, group_interval: 1s }
receivers:
  - name: desk
    webhook_configs: [{ url: "http://127.0.0.1:%d%s", send_resolved: true }]
"""
RULE = Rule(
    name="full", priority=1, title=Words("{mount} plein sur {host}", "{mount} full on {host}"),
    advice=Words("Libérez", "Free some"), why="", do="", measurement=Filesystem,
)  # fmt: skip
RULES = {"full": RULE}
HOSTILE = (
    "a\r\nb", "<img src=x onerror=alert(1)>", '"}],"x":[{', "x" * 10_000, "\x00\x1b[2J\u202e",
    "é" * 300, "{{ .Labels }}", "\ud83d",
)  # fmt: skip


class Manager:
    """An Alertmanager of one's own that tells a desk; a context that ends it."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self.port, self.folder = free_port(), folder
        (folder / "alertmanager.yml").write_text(CONFIGURATION % (desk.port, PATH))
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.starts()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends()

    def starts(self) -> None:
        """It starts, and knows nothing."""
        storage = self.folder / str(time.monotonic_ns())
        with (self.folder / "log").open("ab") as log:
            self._running = self._start(storage, log)
        assert wait_for(f"http://127.0.0.1:{self.port}", "/-/ready"), self._said()

    def _start(self, storage: Path, log: BinaryIO) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [
                str(PROGRAM), f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--storage.path={storage}", f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip

    def ends(self) -> None:
        """It ends at once."""
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
            self._running = None

    def shown(self) -> list[dict[str, Any]]:
        """The alerts that it shows as active."""
        url = f"http://127.0.0.1:{self.port}/api/v2/alerts"
        with urllib.request.urlopen(url, timeout=30) as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())
        return found

    def declared(self, **more: Any) -> Declared:
        """It as a receiver."""
        allow = (Allowed.parse(f"127.0.0.1/32:{self.port}"),)
        url = f"http://127.0.0.1:{self.port}"
        return Declared("copy", "alertmanager", url, allow=allow, timeout=5.0, **more)

    def _said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with closing(Desk()) as found:
        found.open()
        yield found


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Iterator[Manager]:
    with Manager(tmp_path_factory.mktemp("alertmanager"), desk) as found:
        yield found


def alert(name: str, **more: Any) -> Alert:
    """An alert that opened a minute ago."""
    now = time.time()
    found = Alert(
        name, "full", Subject("paris/a", ("h1", f"/{name}")), 1, State.FIRING, now - 60, now, 2,
    )  # fmt: skip
    return replace(found, **more)


def within(seconds: float, so: Callable[[], Any]) -> Any:
    """What that is, once it is anything."""
    end = time.monotonic() + seconds
    while not (found := so()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
    return found


def about(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The one about that alert."""
    return next((a for a in found if a["annotations"].get("vigie_id") == name), None)


def test_it_shows_what_opens_and_lets_go_of_what_is_over(manager: Manager, desk: Desk) -> None:
    receiver, opened = made(manager.declared(language="en")), alert("a1", simulated=True)
    assert receiver.deliver(compose(opened, RULE), time.time()).verdict is Verdict.DELIVERED
    shown = within(60, lambda: about(manager.shown(), "a1"))
    assert shown["labels"] == {
        "alertname": "full", "severity": "critical", "priority": "1", "container": "paris/a",
        "host": "h1", "mount": "/a1", "simulated": "true",
    }  # fmt: skip
    assert shown["annotations"]["summary"] == "SIMULATED: /a1 full on h1"
    assert shown["fingerprint"] == fingerprint(shown["labels"]), "we number labels as it does"
    over = replace(opened, state=State.RESOLVED, changed=time.time(), change=3)
    assert receiver.deliver(compose(over, RULE), time.time()).verdict is Verdict.DELIVERED
    within(60, lambda: about(manager.shown(), "a1") is None)
    # Other tests' alerts may be of the same group, and still open.
    within(60, lambda: "resolved" in [
        found["status"] for _, _, body in desk.came
        if (found := about(json.loads(body)["alerts"], "a1")) is not None
    ])  # fmt: skip


def test_our_version_4_is_shaped_like_its_own(manager: Manager, desk: Desk) -> None:
    told = compose(alert("v1"), RULE)
    assert made(manager.declared()).deliver(told, time.time()).verdict is Verdict.DELIVERED
    (theirs,) = within(60, lambda: [
        one for one in (json.loads(body) for _, _, body in desk.came)
        if any(a["annotations"].get("vigie_id") == "v1" for a in one["alerts"])
    ][:1])  # fmt: skip
    web = Declared("desk", "webhook", "http://127.0.0.1/", format="alertmanager")
    ours = json.loads(version_4(told.body, web))
    assert shape(ours) == shape(theirs)
    mine, its = ours["alerts"][0], about(theirs["alerts"], "v1")
    assert its is not None
    for same in ("status", "labels", "annotations", "endsAt", "fingerprint"):
        assert mine[same] == its[same], same
    assert (ours["groupKey"], ours["groupLabels"]) == (theirs["groupKey"], theirs["groupLabels"])


def shape(body: Mapping[str, Any]) -> dict[str, str]:
    """Names and kinds of members, those of an alert with them; labels may have any name."""
    found = {name: type(value).__name__ for name, value in body.items()}
    return found | {f"alerts.{k}": type(v).__name__ for k, v in body["alerts"][0].items()}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_others_called_things_it_takes(manager: Manager, name: str) -> None:
    hostile = alert("x", subject=Subject("paris/a", ("h1", name)), note=name, detail=name)
    found = made(manager.declared()).deliver(compose(hostile, RULE), time.time())
    assert found.verdict is Verdict.DELIVERED, found.reason


def test_a_group_is_there_alert_by_alert(manager: Manager) -> None:
    first, *others = (alert(f"g{n}") for n in range(5))
    told = compose(first, RULE, [(other, RULE) for other in others])
    assert made(manager.declared()).deliver(told, time.time()).verdict is Verdict.DELIVERED
    within(60, lambda: all(about(manager.shown(), f"g{n}") for n in range(5)))


def test_a_trial_ends_by_itself(manager: Manager) -> None:
    message = trial("copy", "t1", time.time())
    assert made(manager.declared()).deliver(message, time.time()).verdict is Verdict.DELIVERED
    shown = within(60, lambda: about(manager.shown(), "t1"))
    assert shown["labels"]["severity"] == "info"
    ends = time.mktime(time.strptime(shown["endsAt"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert 0 < ends - time.time() < 120


def test_what_is_refused_says_why(manager: Manager) -> None:
    nameless = compose(alert("n1"), RULE)
    body = json.loads(nameless.body)
    body["data"]["since"] = "yesterday"
    found = made(manager.declared()).deliver(
        replace(nameless, body=json.dumps(body).encode()), time.time()
    )
    assert found.verdict is Verdict.REFUSED
    assert "answered 400" in found.reason
    assert "yesterday" in found.reason


def test_one_that_forgot_everything_is_told_again_what_stands(
    manager: Manager, tmp_path: Path
) -> None:
    """It is ended and starts with nothing; a minute later it shows what stands."""
    database = Database(tmp_path / "state.db", outbox.TABLES)
    box, declared = Outbox(database), manager.declared()
    opened = [replace(alert(f"s{n}"), told=State.FIRING) for n in range(1_200)]
    clock = time.time
    ahead = 0.0
    deliver = Deliver(
        box, [declared], Counters(), clock=lambda: clock() + ahead,
        standing=lambda receiver, now: standing(opened, RULES, receiver, now),
    )  # fmt: skip
    with database.write() as write:
        box.put(write, compose(opened[0], RULE), ["copy"], clock())
    while not deliver.turn("copy", clock()):
        pass
    within(60, lambda: about(manager.shown(), "s0"))
    manager.ends()
    manager.starts()
    assert not manager.shown()
    assert deliver.turn("copy", clock()) > 0
    assert not manager.shown(), "it is not time yet"
    ahead = AGAIN_SECONDS + 1
    began = clock()
    deliver.turn("copy", clock() + ahead)
    took = clock() - began
    within(60, lambda: len(manager.shown()) == len(opened))
    print(f"{len(opened)} alerts told again in {took:.2f} s")
