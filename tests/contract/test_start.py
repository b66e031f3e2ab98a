"""While a start still reads its journal, frames are acknowledged, and none can be asked for."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from collector.store.catchup import CatchUp
from tests.build.programs import ANSWERS, wait_for
from tests.build.served import Served
from tests.build.world import Agent, compressed
from vigie.replies import Table

AGENT = Agent("site/c")


class Starting(Served):
    """A collector that has not caught up until it is let to."""

    def __enter__(self) -> Self:
        self._thread.start()
        assert wait_for(self.url, "/readyz")
        return self


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Holds up every start that begins meanwhile."""
    gate, run = threading.Event(), CatchUp.run

    def held_up(self: CatchUp, *arguments: Any) -> Any:
        assert gate.wait(200)
        return run(self, *arguments)

    monkeypatch.setattr(CatchUp, "run", held_up)
    yield gate
    gate.set()


def test_frames_are_taken_at_once_and_asked_for_when_all_is_known(
    tmp_path: Path, gate: threading.Event
) -> None:
    with Starting(tmp_path) as served:
        reader = {"Authorization": f"Bearer {served.token()}"}
        for path in (ANSWERS, "/api/v1/latest/host", "/api/v1/series/host", "/api/v1/alerts"):
            status, headers, text = served.ask("GET", path, reader)
            assert (status, int(headers["retry-after"]) > 0) == (503, True)
            assert b"catching up: 0% of the journal is read" in text
        # People and credentials are no readings: an agent is let in meanwhile, and heard.
        sender = served.sender(AGENT.container)
        assert sender.post(compressed(AGENT.frame(1)), AGENT.clock(1))[0] == 200
        evaluate = served.service._alerting._evaluate
        assert evaluate._thread is None  # no rule looks at what is half known
        gate.set()
        assert wait_for(served.url, ANSWERS)
        with served.client() as client:
            assert client.get(Table, "latest/host").columns["container"] == [AGENT.container]
        assert served.service._alerting._evaluate._thread is not None


def test_a_collector_that_is_told_to_end_before_it_caught_up_keeps_what_it_acknowledged(
    tmp_path: Path, gate: threading.Event
) -> None:
    with Starting(tmp_path) as served:
        sender = served.sender(AGENT.container)
        status, answer, _ = sender.post(compressed(AGENT.frame(1)), AGENT.clock(1))
        assert (status, json.dumps(answer["held"][0]["held"])) == (200, "[[1, 1]]")
        served.service.stop()
        gate.set()
    with Served(tmp_path) as again, again.client() as client:
        assert client.get(Table, "latest/host").columns["container"] == [AGENT.container]
