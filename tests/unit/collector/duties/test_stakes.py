"""What is lost where an alert is: counted from what the collector was told last."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from alerts.lifecycle import Subject
from alerts.outlook import Stakes
from alerts.rule import Limit, Lost, Rule, Words
from collector.duties.stakes import AtStake, place
from tests.build import playing
from tests.build.alarm import START, Rows
from tests.build.fragments import Host, record
from tests.build.receiving import Centre
from vigie.catalogue import Cooling, Gpu, Job, Power, Queue
from vigie.errors import VigieError
from vigie.network.network import Network
from vigie.shape import Measurement

HERE = "fr/box"
EVERYTHING: tuple[Lost, ...] = ("gpus", "jobs", "tenants", "objects")


def rule(*loses: Lost, measurement: type[Measurement] = Power) -> Rule:
    nothing = cast("Any", None)
    words = Words("", "")
    limit = Limit(nothing, nothing, 600.0, words, loses) if loses else None
    return Rule("r", 1, words, words, "", "", measurement=measurement, limit=limit)


def container(path: str = HERE) -> Subject:
    return Subject(path, ("none", "ups", "ups", "all", "meter"))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.kept.close()


class Place:
    """Everything around: what was told, who holds what, and two clocks."""

    def __init__(self, centre: Centre) -> None:
        self.rows, self.centre, self.now, self.passed = Rows(), centre, START, 0.0
        self.network: Network | None = None
        self.asks = AtStake(
            self.rows, centre.kept, centre.margins, self.declared,
            clock=lambda: self.now, timer=self.timer,
        )  # fmt: skip
        self.slow = 0.0

    def timer(self) -> float:
        self.passed += self.slow
        return self.passed

    def declared(self) -> Network:
        if self.network is None:
            raise VigieError("no network was accepted yet")
        return self.network

    def gpus(self, host: str, count: int, *, at: float = START, up: bool | None = True) -> None:
        for n in range(count):
            self.rows.put(Gpu, HERE, at, {"host": host, "gpu": f"{host}-{n}", "up": up})

    def job(self, host: str, gpu: int, name: str, *, at: float = START) -> None:
        keys = {"host": host, "gpu": f"{host}-{gpu}", "scheduler": "slurm", "job": name}
        self.rows.put(Job, HERE, at, keys)

    def queue(self, tenant: str, running: int, *, at: float = START) -> None:
        who = {"host": "none", "scheduler": "slurm", "tenant": tenant}
        self.rows.put(Queue, HERE, at, {**who, "running_count": running})


@pytest.fixture
def there(centre: Centre) -> Place:
    return Place(centre)


def tell(centre: Centre, where: str, *records: tuple[int, int]) -> None:
    host = Host(where)
    host.change(record(number, index) for number, index in records)
    host.tell(centre.post)


def test_a_rule_that_loses_nothing_has_nothing_at_stake(there: Place) -> None:
    there.gpus("h1", 8)
    assert there.asks(container(), rule()) is None


def test_what_nobody_told_is_unknown_and_not_nothing(there: Place) -> None:
    assert there.asks(container(), rule(*EVERYTHING)) == Stakes()


def test_a_container_loses_its_boards_jobs_and_who_has_them(there: Place) -> None:
    there.gpus("h1", 8)
    there.gpus("h2", 4)
    there.job("h1", 0, "17")
    there.job("h1", 1, "17")
    there.job("h2", 0, "17")
    there.job("h2", 1, "18")
    there.queue("nice", 6)
    there.queue("antibes", 2)
    there.queue("grasse", 0)
    told = there.asks(container(), rule(*EVERYTHING))
    assert told == Stakes(gpus=12, jobs=2, tenants=("antibes", "nice"))


def test_only_what_the_rule_names_is_told(there: Place) -> None:
    there.gpus("h1", 8)
    there.queue("nice", 6)
    assert there.asks(container(), rule("tenants")) == Stakes(tenants=("nice",))


def test_a_host_and_a_board_lose_their_own(there: Place) -> None:
    there.gpus("h1", 8)
    there.gpus("h2", 4)
    there.job("h1", 0, "17")
    there.job("h1", 1, "18")
    there.queue("nice", 6)
    host = there.asks(Subject(HERE, ("h1", "part", "cdu")), rule(*EVERYTHING, measurement=Cooling))
    assert host == Stakes(gpus=8, jobs=2)
    board = there.asks(Subject(HERE, ("h1", "h1-1")), rule("gpus", "jobs", measurement=Gpu))
    assert board == Stakes(gpus=1, jobs=1)


def test_boards_that_are_lost_already_or_gone_are_not_at_stake(there: Place) -> None:
    there.gpus("h1", 2)
    there.gpus("h2", 3, up=False)
    there.gpus("h3", 4, at=START - 7_200)
    there.gpus("h4", 5, up=None)
    assert there.asks(container(), rule("gpus")) == Stakes(gpus=7)


def test_a_job_that_its_host_speaks_of_no_more_has_ended(there: Place) -> None:
    there.job("h1", 0, "old", at=START - 120)
    there.job("h1", 0, "new")
    there.job("h2", 0, "unheard", at=START - 120)
    assert there.asks(container(), rule("jobs")) == Stakes(jobs=2)


def test_nobody_at_work_is_known_where_the_queue_says_so(there: Place) -> None:
    there.queue("nice", 0)
    assert there.asks(container(), rule("tenants")) == Stakes(tenants=())


def test_a_container_that_tells_no_boards_has_those_it_is_declared_with(there: Place) -> None:
    there.network = playing.network(gpus=40)
    assert there.asks(container(playing.PATH), rule("gpus")) == Stakes(gpus=40)
    scaled = replace(there.network.containers[0], scale=0.5)
    there.network = replace(there.network, containers=(scaled,))
    assert there.asks(container(playing.PATH), rule("gpus")) == Stakes(gpus=20)


def test_a_count_stands_for_ten_seconds(there: Place) -> None:
    there.gpus("h1", 8)
    assert there.asks(container(), rule("gpus")) == Stakes(gpus=8)
    there.gpus("h2", 8)
    assert there.asks(container(), rule("gpus")) == Stakes(gpus=8)
    there.now += 10
    assert there.asks(container(), rule("gpus")) == Stakes(gpus=16)


def test_objects_are_those_that_nothing_else_can_rebuild(there: Place) -> None:
    # Three of five are needed: of object 1 four lie elsewhere, of object 2 two, of object 3 one.
    tell(there.centre, HERE, (1, 0), (2, 0), (3, 0))
    tell(there.centre, "us/box", (1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (3, 1))
    assert there.asks(container(), rule("objects")) == Stakes(objects=1)
    assert there.asks(container("us/box"), rule("objects")) == Stakes(objects=2)
    assert there.asks(container("de/box"), rule("objects")) == Stakes()


def test_objects_of_one_host(there: Place) -> None:
    tell(there.centre, HERE, (2, 0), (2, 1), (2, 2))
    ((host,),) = [{i.host for i in there.centre.kept.inventories("")}]
    told = there.asks(Subject(HERE, (host, "p", "cdu")), rule("objects", measurement=Cooling))
    assert told == Stakes(objects=1)


def test_alerts_wait_for_no_more_than_a_while_and_the_rest_is_counted_later(there: Place) -> None:
    paths = [f"s{n}/box" for n in range(4)]
    for path in paths:
        tell(there.centre, path, (1, paths.index(path)))
    there.slow = 0.08
    told = [there.asks(container(path), rule("objects")) for path in paths]
    assert told[0] == Stakes(objects=0)
    assert told[-1] == Stakes(), "it would have waited"
    there.asks.run(datetime.fromtimestamp(START, UTC))
    assert there.asks(container(paths[-1]), rule("objects")) == Stakes(objects=0)


def test_a_place_is_as_narrow_as_the_keys_say() -> None:
    assert place(container(), rule()) == (HERE,)
    assert place(Subject(HERE, ("h1", "g1")), rule(measurement=Gpu)) == (HERE, "h1", "g1")
    assert place(Subject(HERE, ("h1", "fan", "air")), rule(measurement=Cooling)) == (HERE, "h1")
