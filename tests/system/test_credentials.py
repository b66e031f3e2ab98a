"""Who is let in, renewed and shut out: by the commands, on a running collector."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed
from vigie.client import Client
from vigie.errors import Refused
from vigie.replies import Session

WITHIN_SECONDS = 5.0
"""So soon a revocation is to be effective."""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with Collector(tmp_path_factory.mktemp("people")) as running:
        yield running


def vigie(collector: Collector, *words: str) -> subprocess.CompletedProcess[str]:
    """What `vigie <words>` says of that collector."""
    asked = [*words, "--url", collector.url, "--data", str(collector.data)]
    return subprocess.run(
        [sys.executable, "-m", "vigie", *asked],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def told(collector: Collector, *words: str) -> Any:
    """What it says with --json, when all went well."""
    done = vigie(collector, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def redeemed(collector: Collector, code: str, into: Path) -> str:
    done = vigie(collector, "enroll", "redeem", code, "--into", str(into))
    assert done.returncode == 0, done.stderr
    assert into.stat().st_mode & 0o777 == 0o600
    token = into.read_text().strip()
    assert token not in done.stdout + done.stderr
    return token


def credential(token: str) -> str:
    return token.split("_")[1]


def status_of(collector: Collector, token: str, agent: Agent, tick: int) -> int:
    sender = Sender(collector.url, token)
    status, _, _ = sender.post(compressed(agent.frame(tick)), agent.clock(tick))
    sender.close()
    return status


def test_a_code_works_once(collector: Collector, tmp_path: Path) -> None:
    enrolment = told(collector, "enroll", "agent", "gpu-01", "--scope", "cannes/c1/gpu-01")
    token = redeemed(collector, enrolment["code"], tmp_path / "token")
    again = vigie(collector, "enroll", "redeem", enrolment["code"], "--into", str(tmp_path / "b"))
    assert again.returncode == 1
    assert "used" in again.stderr
    assert again.stderr.count("\n") == 1
    assert not (tmp_path / "b").exists()
    with Client(collector.url, token) as client:
        assert client.get(Session, "sessions/current").scope == "cannes/c1/gpu-01"


def test_a_code_that_is_too_old_is_refused(collector: Collector, tmp_path: Path) -> None:
    enrolment = told(
        collector, "enroll", "agent", "late", "--scope", "cannes/c1/late", "--expires", "1s"
    )
    time.sleep(1.1)
    done = vigie(collector, "enroll", "redeem", enrolment["code"], "--into", str(tmp_path / "a"))
    assert done.returncode == 1
    assert "too old" in done.stderr
    wrong = vigie(collector, "enroll", "redeem", "0" * 32, "--into", str(tmp_path / "a"))
    assert wrong.returncode == 1


def test_two_are_valid_during_a_rotation_and_one_ends_at_once_when_revoked(
    collector: Collector, tmp_path: Path
) -> None:
    code = told(collector, "enroll", "agent", "gpu-02", "--scope", "cannes/c2")["code"]
    old = redeemed(collector, code, tmp_path / "old")
    into = tmp_path / "new"
    done = vigie(collector, "credentials", "rotate", credential(old), "--into", str(into))
    assert done.returncode == 0, done.stderr
    new = into.read_text().strip()
    agent = Agent("cannes/c2", "gpu-02", start=time.time_ns())
    assert [status_of(collector, t, agent, n) for n, t in enumerate((old, new))] == [200, 200]

    (mine,) = (
        p for p in told(collector, "credentials", "list")["principals"] if p["name"] == "gpu-02"
    )
    ends = {c["id"]: c["expires"] for c in mine["credentials"]}
    assert ends[credential(old)] is not None, "the old one ends by itself"
    assert ends[credential(new)] is None
    listed = vigie(collector, "credentials", "list").stdout
    assert credential(old) in listed
    assert old not in listed

    sender = Sender(collector.url, old)  # a connection that is kept open ends no later
    assert sender.post(compressed(agent.frame(2)), agent.clock(2))[0] == 200
    began = time.monotonic()
    done = vigie(collector, "credentials", "revoke", credential(old))
    assert done.returncode == 0, done.stderr
    returned = time.monotonic()
    while sender.post(compressed(agent.frame(2)), agent.clock(2))[0] != 401:
        assert time.monotonic() - returned < WITHIN_SECONDS
    effective = time.monotonic()
    sender.close()
    print(f"revoked by command in {returned - began:.2f} s, "
          f"refused {(effective - returned) * 1e3:.0f} ms after it returned")  # fmt: skip
    assert effective - began < WITHIN_SECONDS
    assert status_of(collector, new, agent, 3) == 200


def test_who_listens_to_the_stream_is_shut_out_too(collector: Collector) -> None:
    token = collector.enrol("screen", "", kind="service", roles=["reader"])
    with Client(collector.url, token) as client:
        stream = client.stream()
        assert next(stream)
        time.sleep(1.5)  # nothing is told any more: it must notice by itself
        began = time.monotonic()
        assert vigie(collector, "credentials", "revoke", credential(token)).returncode == 0
        for _ in stream:
            assert time.monotonic() - began < 2 * WITHIN_SECONDS, "it is told more and more"
        ended = time.monotonic() - began
        with pytest.raises(Refused):
            client.get(Session, "sessions/current")
    print(f"an open stream ended {ended:.2f} s after the command was given")
    assert ended < WITHIN_SECONDS


def test_a_revocation_outlives_the_collector(collector: Collector) -> None:
    token = collector.enrol("gone", "cannes/c3")
    agent = Agent("cannes/c3", "gone", start=time.time_ns())
    assert status_of(collector, token, agent, 0) == 200
    assert vigie(collector, "credentials", "revoke", credential(token)).returncode == 0
    collector.kill()
    collector.start()
    assert status_of(collector, token, agent, 1) == 401


def test_whoever_is_no_registrar_lets_nobody_in(collector: Collector, tmp_path: Path) -> None:
    reader = (collector.data / "reader.token").read_text()
    (tmp_path / "registrar.token").write_text(reader)
    done = subprocess.run(
        [sys.executable, "-m", "vigie", "enroll", "agent", "x", "--scope", "a/b",
         "--url", collector.url, "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "registrar" in done.stderr
