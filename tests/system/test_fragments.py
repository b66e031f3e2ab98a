"""The collector is killed while hosts tell of their fragments: what it acknowledged is there."""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.build.fragments import Host, record
from tests.build.programs import Collector
from vigie.client import build
from vigie.errors import Unavailable
from vigie.fragments import BUCKETS, CONTENT_TYPE, Status
from vigie.replies import FragmentsHeld, FragmentsReply

KILLS = 10
OBJECTS = 4_000


class Ended(Exception):
    """Nobody answered."""


class Teller:
    """Tells a collector of one host's fragments, and minds what was acknowledged."""

    def __init__(self, collector: Collector, host: Host) -> None:
        self.host = host
        self.address = collector.url.partition("//")[2]
        self.token = collector.enrol(host.host, host.container)
        self.last: FragmentsHeld | None = None
        self.problems: list[str] = []
        self.acknowledged = 0

    def post(self, body: bytes) -> FragmentsHeld:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": CONTENT_TYPE}
        try:
            connection.request("POST", "/api/v1/fragments", body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Ended from error
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            raise Ended
        assert answer.status == http.HTTPStatus.OK, text
        self.acknowledged += 1
        held: FragmentsHeld = build(FragmentsHeld, json.loads(text))
        return held

    def turn(self, chance: random.Random) -> None:
        """Ask what is held, which may not be less than was acknowledged; change; tell a little."""
        try:
            held = self.post(self.host.delta(self.host.sequence + 1))
            self.check(held)
            self.host.change(
                record(chance.randrange(OBJECTS), 0, chance.choice(list(Status)))
                for _ in range(chance.randrange(1, 40))
            )
            for _ in range(chance.randrange(1, 6)):
                body = self.host.next(held)
                if body is None:
                    break
                held = self.last = self.post(body)
            if chance.random() < 0.3:
                held = self.last = self.post(self.host.digests())
        except Ended:
            time.sleep(0.02)

    def check(self, held: FragmentsHeld) -> None:
        """What is held now is no less than what was."""
        last, self.last = self.last, held
        if last is None or last.epoch != held.epoch:
            return
        if held.held < last.held:
            self.problems.append(f"held {last.held}, then {held.held}")
        if lost := set(held.buckets) - set(last.buckets):
            self.problems.append(f"wanted again: {sorted(lost)[:5]}")
        if held.digests and not last.digests:
            self.problems.append("digests are wanted, and no change was missing")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kills_during_snapshots_and_deltas_lose_nothing_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    chance, stop = random.Random(20261122), threading.Event()
    with Collector(tmp_path) as collector:
        tellers = [Teller(collector, Host(f"kill/c{n}", f"h{n}")) for n in range(2)]
        for teller in tellers:
            teller.host.change(record(number, 0) for number in range(OBJECTS))
            teller.host.forget_log()

        def run(teller: Teller, own: random.Random) -> None:
            while not stop.is_set():
                teller.turn(own)
                if own.random() < 0.05:
                    teller.host.begin(f"e{own.random()}")

        threads = [
            threading.Thread(target=run, args=(teller, random.Random(number)))
            for number, teller in enumerate(tellers)
        ]
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.0))
            collector.kill()
            collector.start()
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
        for teller in tellers:
            assert teller.problems == []
            assert teller.host.tell(teller.post) is not None
            assert teller.post(teller.host.digests()).buckets == [], "the content is the same"
        reply = collector.client().get(FragmentsReply, "fragments")
        assert reply.complete
        assert [i.records for i in reply.inventories] == [len(t.host.records) for t in tellers]
        total = sum(teller.acknowledged for teller in tellers)
        print(f"{KILLS} kills, {total} messages acknowledged, {BUCKETS} buckets a host")
        assert total > 10 * KILLS


SETTINGS = """
[[agent.fragments]]
name = "pool"
roots = ["{root}"]
pattern = '(?P<object>\\w+)\\.(?P<index>\\d+)'
k = 1
n = 3
settle = "0s"
walk = "1s"
"""


def until(collector: Collector, wanted: dict[int, int], seconds: float) -> FragmentsReply:
    """The answer that has so many objects at each margin."""
    end = time.monotonic() + seconds
    while True:
        try:
            reply = collector.client().get(FragmentsReply, "fragments")
        except Unavailable:
            reply = FragmentsReply("", complete=False, inventories=[], margins=[])
        found = {m.margin: m.objects for each in reply.margins or () for m in each.margins}
        if (found, reply.complete) == (wanted, True):
            return reply
        assert time.monotonic() < end, reply
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_agent_tells_a_real_collector_also_of_what_happens_while_that_is_dead(
    tmp_path: Path,
) -> None:
    root, config = tmp_path / "root", tmp_path / "vigie.toml"
    root.mkdir()
    for number in range(200):
        (root / f"object{number}.0").write_bytes(b"a fragment")
        (root / f"object{number}.1").write_bytes(b"another")
    config.write_text(SETTINGS.format(root=root))
    with Collector(tmp_path / "centre") as collector:
        home = tmp_path / "host" / "agent"
        home.mkdir(parents=True)
        told = {"url": collector.url, "token": collector.enrol("real", "real/c1")}
        (home / "credential").write_text(json.dumps({**told, "container": "real/c1"}))
        command = [
            sys.executable, "-m", "vigie", "agent", "run", "--config", str(config),
            "--data", str(home.parent), "--host", "h1", "--upstream", collector.url,
            "--metrics-listen", "127.0.0.1:0", "--off", "ipmi_power,ipmi_sensors,disk_smart",
        ]  # fmt: skip
        with (
            (tmp_path / "agent.log").open("wb") as log,
            subprocess.Popen(command, stderr=log) as agent,
        ):
            try:
                reply = until(collector, {1: 200}, 60)
                assert [(i.host, i.store, i.records) for i in reply.inventories] == [
                    ("h1", "pool", 400)
                ]
                collector.kill()
                for number in range(5):
                    (root / f"object{number}.1").unlink()
                (root / "object5.0").unlink()
                (root / "object5.1").unlink()
                (root / "object200.2").write_bytes(b"a new one")
                time.sleep(3)
                collector.start()
                reply = until(collector, {1: 194, 0: 6, -1: 1}, 120)
                assert [i.gaps for i in reply.inventories] == [0]
            finally:
                agent.terminate()
