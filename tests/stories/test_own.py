"""What only the collector knows fires a rule; it is kept, replayed, and known after a start."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts import cli
from collector.duties.own import Row
from tests.build.served import Served
from vigie.catalogue import Commitment
from vigie.commands import printing
from vigie.replies import Alerts, Table
from vigie.units import SECONDS_PER_DAY

RULE = "contract_ends"
ITEM = "ppa-solaire"


def tells(served: Served, days: float) -> None:
    """The duty's turn: what it finds is told."""
    row = Row("paris", {
        Commitment.kind: "contract", Commitment.item: ITEM,
        Commitment.left_seconds: days * SECONDS_PER_DAY,
    })  # fmt: skip
    served.service._alerting.own.tell(Commitment, [row], datetime.now(UTC))


def newest(served: Served) -> list[float]:
    """Days left, as anybody may ask for them."""
    rows = printing.rows(served.client().get(Table, "latest/commitment").columns)
    return [
        float(row["left_seconds"] or 0) / SECONDS_PER_DAY for row in rows if row["item"] == ITEM
    ]


def alerts(served: Served) -> dict[str, str]:
    """Alerts about it by identity."""
    found = served.client().get(Alerts, "alerts", state="all").alerts
    return {a.id: a.state for a in found if a.rule == RULE}


def becomes(said: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not said() and time.monotonic() < end:
        time.sleep(0.05)
    assert said()


def test_a_contract_that_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.time()
    with Served(tmp_path) as served:
        tells(served, days=400)
        becomes(lambda: newest(served) == [400])
        tells(served, days=9)
        becomes(lambda: list(alerts(served).values()) == ["firing"])
        [identity] = alerts(served)
    with Served(tmp_path) as served:
        assert newest(served) == [9]  # nothing was found out anew
        time.sleep(1.5)  # a look, at what is known from before
        assert alerts(served) == {identity: "firing"}
        tells(served, days=9)
        time.sleep(1.5)
        assert alerts(served) == {identity: "firing"}
        assert told(served, began, capsys, monkeypatch) == ["firing"]


def told(
    served: Served, began: float, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[Any]:  # fmt: skip
    """What a replay says of the rule over all of it."""
    monkeypatch.setenv("VIGIE_TOKEN", served.token())
    first, last = (datetime.fromtimestamp(at, UTC).isoformat() for at in (began, time.time()))
    parser = argparse.ArgumentParser()
    cli.add(parser)
    words = ["replay", RULE, "--from", first, "--to", last, "--url", served.url, "--json"]
    capsys.readouterr()
    assert cli.run(parser.parse_args(words)) == 0
    return [row["state"] for row in json.loads(capsys.readouterr().out)]
