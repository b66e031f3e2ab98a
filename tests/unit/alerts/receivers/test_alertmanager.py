import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.address import Allowed
from alerts.delivery.message import Message, compose, said, trial
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.alertmanager import BATCH, Alertmanager
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Copy, Verdict
from alerts.rule import Rule, Words
from tests.build.answers import Answers, answering

NOW = 1_800_000_000.0
RULE = Rule("full", 1, Words("Plein", "Full"), Words("Libérez", "Free some"), "", "")
ALERT = Alert("a1", "full", Subject("paris/a"), 1, State.FIRING, NOW - 60, NOW, 3)


@contextmanager
def manager(**more: Any) -> Iterator[tuple[Answers, Alertmanager]]:
    """One that takes everything, with a path before its own as proxies have it."""
    with answering() as answers:
        port = int(answers.url.rpartition(":")[2])
        found = Declared(
            "copy", "alertmanager", f"{answers.url}/am/", timeout=2.0,
            allow=(Allowed.parse(f"127.0.0.1/32:{port}"),),
        )  # fmt: skip
        for _ in range(5):
            answers.then(200)
        yield answers, Alertmanager(replace(found, **more))


def test_what_is_open_ends_later_than_it_is_told_again() -> None:
    with manager() as (answers, receiver):
        assert receiver.deliver(compose(ALERT, RULE), NOW).verdict is Verdict.DELIVERED
        assert isinstance(receiver, Copy)
    (asked,) = answers.asked
    assert asked.path == "/am/api/v2/alerts"
    (one,) = asked.body
    assert (one["startsAt"], one["endsAt"]) == (
        "2027-01-15T07:59:00.000Z", "2027-01-15T08:05:00.000Z",
    )  # fmt: skip


def test_what_is_over_ended_when_it_did() -> None:
    with manager() as (answers, receiver):
        over = replace(ALERT, state=State.RESOLVED, changed=NOW - 7)
        receiver.deliver(compose(over, RULE), NOW)
        receiver.deliver(trial("copy", "t", NOW), NOW)
    assert answers.asked[0].body[0]["endsAt"] == "2027-01-15T07:59:53.000Z"
    assert answers.asked[1].body[0]["endsAt"] == "2027-01-15T08:01:00.000Z", "it ends by itself"


def test_what_stands_is_told_in_parts_until_one_fails() -> None:
    standing = [said(replace(ALERT, id=f"a{n}"), RULE) for n in range(2 * BATCH + 1)]
    with manager() as (answers, receiver):
        assert receiver.again(standing, NOW).verdict is Verdict.DELIVERED
    assert [len(asked.body) for asked in answers.asked] == [BATCH, BATCH, 1]
    with manager() as (answers, receiver):
        answers.turns[1] = (503, {}, b"")
        assert receiver.again(standing, NOW).verdict is Verdict.DOWN
    assert len(answers.asked) == 2


@pytest.mark.parametrize("user", ["", "vigie"])
def test_a_proxy_before_it_is_shown_a_password_or_a_token(tmp_path: Path, user: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    with manager(user=user, secret_file=secret) as (answers, receiver):
        receiver.deliver(compose(ALERT, RULE), NOW)
    pair = base64.b64encode(b"vigie:open sesame").decode()
    shown = answers.asked[0].headers["Authorization"]
    assert shown == (f"Basic {pair}" if user else "Bearer open sesame")


def test_what_is_no_message_of_ours_is_refused() -> None:
    with manager() as (answers, receiver):
        found = receiver.deliver(Message("x.1", ("x",), b"\xff"), NOW)
    assert (found.verdict, answers.asked) == (Verdict.REFUSED, [])


def test_it_is_told_in_the_language_that_was_declared() -> None:
    with manager(language="en") as (answers, receiver):
        receiver.deliver(compose(ALERT, RULE), NOW)
    assert json.dumps(answers.asked[0].body).count("Full") == 1
