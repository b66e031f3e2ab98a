import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import zstandard

from agent.credential import Credential
from agent.fragments import inventory as inventory_module
from agent.fragments import row, ship
from agent.fragments.inventory import Inventory
from agent.fragments.ship import Held, Kind, Sender, due
from agent.identity import Identity
from agent.ship import Answer, Line
from vigie.errors import Unavailable
from vigie.fragments import BUCKETS, DIGEST, RECORD, Message, Scheme, Status, bucket, unpack

NOW = 1_700_000_000
EPOCH = "e"
ALL = tuple(range(BUCKETS))


@pytest.mark.parametrize(
    ("held", "newest", "logged", "expected"),
    [
        (None, 5, True, Kind.HELLO),
        (Held("another", 5, digests=False, buckets=()), 5, True, Kind.HELLO),
        (Held(EPOCH, 9, digests=False, buckets=()), 5, True, Kind.HELLO),
        (Held(EPOCH, 3, digests=True, buckets=(1,)), 5, True, Kind.DELTA),
        (Held(EPOCH, 3, digests=True, buckets=(1,)), 5, False, Kind.HELLO),
        (Held(EPOCH, 5, digests=True, buckets=(1,)), 5, True, Kind.DIGESTS),
        (Held(EPOCH, 5, digests=False, buckets=(1,)), 5, True, Kind.BUCKETS),
        (Held(EPOCH, 5, digests=False, buckets=()), 5, True, Kind.NOTHING),
    ],
)
def test_what_is_sent_next(held: Held | None, newest: int, logged: bool, expected: Kind) -> None:
    assert due(held, EPOCH, newest, logged=logged) == expected


class Upstream(Line):
    """A collector that keeps records as the protocol wants; `script` may answer instead."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.kinds: list[str] = []
        self.bodies: list[Message] = []
        self.epoch, self.held, self.digests, self.wanted = "", 0, False, set(ALL)
        self.records: dict[bytes, bytes] = {}
        self.script: Callable[[], Answer | None] = lambda: None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        assert headers["Authorization"] == "Bearer token"
        assert headers["Content-Encoding"] == "zstd"
        message, payload = unpack(zstandard.ZstdDecompressor().decompress(body))
        self.kinds.append(message.kind)
        self.bodies.append(message)
        instead = self.script()
        if instead is not None:
            return instead
        self._take(message, bytes(payload))
        told = {
            "epoch": self.epoch, "held": self.held, "digests": self.digests,
            "buckets": sorted(self.wanted),
        }  # fmt: skip
        return Answer(200, json.dumps(told).encode(), None)

    def _take(self, message: Message, payload: bytes) -> None:
        if message.epoch != self.epoch:
            self.epoch, self.held, self.digests = message.epoch, 0, False
            self.wanted, self.records = set(ALL), {}
        records = [payload[at : at + RECORD.size] for at in range(0, len(payload), RECORD.size)]
        if message.kind == "delta":
            fresh = not self.held and len(self.wanted) == BUCKETS
            self.digests |= message.first > self.held + 1 and not fresh
            self.held = max(self.held, message.sequence)
            for record in records:
                self._set(record)
        elif message.kind == "digests":
            self.held, self.digests = message.sequence, False
            assert len(payload) == DIGEST.size
            self.wanted = {7}
        else:
            assert message.sequence >= self.held
            told = {number for number, _ in message.buckets}
            self.records = {k: r for k, r in self.records.items() if bucket(k) not in told}
            self.wanted -= told
            for record in records:
                self._set(record)

    def _set(self, record: bytes) -> None:
        self.records[record[:18]] = record
        if record[-1] == Status.GONE:
            del self.records[record[:18]]


class Bed:
    """A sender between an inventory and an upstream."""

    def __init__(self, folder: Path) -> None:
        self.inventory = Inventory.open(folder / "store.db", "mark")
        self.inventory.root("/srv/d1", "disk-1")
        self.line = Upstream()
        self.now = float(NOW)
        credential = Credential(folder / "credential", "http://up", "token", "site/c1/h1")
        self.sender = Sender(
            "store", Identity("h1", "site/c1"), self.inventory, credential, self.line,
            chance=lambda: 0.5, wall=lambda: self.now,
        )  # fmt: skip

    def see(self, numbers: range, size: int = 100) -> None:
        found = {
            number.to_bytes(2, "big") * 8 + b"\0\0": (row.look(size, 0, 0), "")
            for number in numbers
        }
        news = self.inventory.news(found)
        scheme = self.inventory.scheme(Scheme(10, 14))
        self.inventory.upsert(news, dict.fromkeys(found, scheme), NOW)

    def steps(self, most: int = 100) -> None:
        """Send until there is nothing more to send."""
        for _ in range(most):
            before = len(self.line.kinds)
            self.sender.step()
            if len(self.line.kinds) == before:
                return

    def told(self) -> bool:
        """Whether the upstream knows exactly what is known here."""
        _, _, payload = self.inventory.bucket(ALL, 10**9)
        here = {payload[at : at + RECORD.size] for at in range(0, len(payload), RECORD.size)}
        return here == set(self.line.records.values())


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.inventory.close()


def test_the_first_time_everything_is_told(bed: Bed) -> None:
    bed.see(range(0, 60_000, 100))
    bed.steps()
    assert bed.line.kinds == ["delta", "buckets"]
    assert bed.told()
    assert bed.inventory.behind(NOW + 60) == 0
    first = bed.line.bodies[0]
    assert (first.container, first.host, first.store) == ("site/c1", "h1", "store")
    assert (first.schemes, first.disks, first.total) == ((Scheme(10, 14),), ("disk-1",), 600)


def test_then_only_what_changes(bed: Bed) -> None:
    bed.see(range(0, 6_000, 100))
    bed.steps()
    bed.line.kinds.clear()
    bed.see(range(0, 300, 100), size=7)
    bed.inventory.forget([(100).to_bytes(2, "big") * 8 + b"\0\0"], NOW)
    bed.steps()
    assert bed.line.kinds == ["delta"]
    assert bed.told()


def test_what_is_much_is_told_in_pieces_and_not_too_fast(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "CHANGES", 50)
    bed.see(range(0, 60_000, 100))
    assert bed.sender.step() < 1
    paused = bed.sender.step()
    sent = len(bed.line.records) * RECORD.size
    assert 0 < sent <= 50 * RECORD.size
    assert paused >= sent / ship.SNAPSHOT_BYTES_PER_SECOND
    bed.steps()
    assert bed.told()
    assert len(bed.line.kinds) > 12


def test_what_changes_during_the_snapshot_is_not_lost(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "CHANGES", 50)
    bed.see(range(0, 60_000, 100))
    for size in range(1, 10):
        bed.sender.step()
        bed.see(range(0, 60_000, 1_700), size=size)
    bed.steps()
    assert bed.told()


def test_after_a_gap_that_the_log_does_not_bridge_digests_tell(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory_module, "LOG_CHANGES", 3)
    bed.see(range(0, 6_000, 100))
    bed.steps()
    bed.line.kinds.clear()
    for size in range(1, 10):
        bed.see(range(112, 113), size=size)  # of bucket 7
    bed.steps()
    assert bed.line.kinds == ["delta", "digests", "buckets"]
    assert bed.told()


def test_digests_are_told_once_a_day_though_nobody_asks(bed: Bed) -> None:
    bed.see(range(0, 6_000, 100))
    bed.steps()
    bed.line.kinds.clear()
    bed.now += 86_399
    bed.steps()
    assert bed.line.kinds == []
    bed.now += 1
    bed.steps()
    assert bed.line.kinds == ["digests", "buckets"]


def test_an_inventory_that_is_empty_is_told_too(bed: Bed) -> None:
    bed.steps()
    assert bed.line.kinds == ["delta", "buckets"]
    assert bed.line.wanted == set()


def test_an_upstream_that_does_not_answer_is_left_alone_longer_and_longer(bed: Bed) -> None:
    bed.see(range(0, 600, 100))

    def silent() -> Answer:
        raise Unavailable("no answer")

    bed.line.script = silent
    waits = [bed.sender.step() for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert bed.sender.trouble == "no answer"
    bed.line.script = lambda: None
    bed.steps()
    assert bed.told()
    assert not bed.sender.trouble


@pytest.mark.parametrize("status", [401, 403, 413, 429, 503])
@pytest.mark.slow
def test_a_refusal_is_told_and_tried_again(bed: Bed, status: int) -> None:
    bed.line.script = lambda: Answer(status, b'{"detail": "words"}', None)
    assert bed.sender.step() > 0
    assert bed.sender.trouble == f"{status} words"
    assert not bed.sender.ended
    bed.line.script = lambda: None
    bed.steps()
    assert bed.told()


def test_an_upstream_may_say_when_to_come_back(bed: Bed) -> None:
    bed.line.script = lambda: Answer(503, b"", 20.0)
    assert bed.sender.step() >= 20


def test_an_upstream_that_comes_back_is_told_what_changed_meanwhile(bed: Bed) -> None:
    bed.see(range(0, 600, 100))
    bed.steps()
    bed.see(range(600, 900, 100))
    bed.line.script = lambda: Answer(503, b"", 1.0)
    bed.sender.step()
    bed.line.script = lambda: None
    bed.line.kinds.clear()
    bed.steps()
    assert bed.line.kinds == ["delta"], "no change is missing, so that none need be looked for"
    assert bed.told()


def test_an_epoch_that_has_ended_is_noticed(bed: Bed) -> None:
    bed.line.script = lambda: Answer(409, b'{"detail": "epoch ended"}', None)
    bed.sender.step()
    assert bed.sender.ended


def test_an_upstream_that_knows_more_than_is_known_here_ends_the_epoch(bed: Bed) -> None:
    bed.line.epoch, bed.line.held, bed.line.wanted = bed.inventory.epoch, 99, set()
    bed.sender.step()
    assert bed.sender.ended


NO_BUCKET = b'{"epoch": 1, "held": 1, "digests": 0, "buckets": [4096]}'


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", NO_BUCKET])
def test_another_server_that_says_200_is_not_believed(bed: Bed, body: bytes) -> None:
    bed.line.script = lambda: Answer(200, body, None)
    assert bed.sender.step() > 0
    assert bed.sender.trouble is not None
    assert "FragmentsHeld" in bed.sender.trouble
    assert bed.inventory.acknowledged(["http://up"]) == 0


def test_an_upstream_that_takes_and_still_wants_is_not_asked_in_haste(bed: Bed) -> None:
    bed.see(range(0, 600, 100))
    same = {"epoch": bed.inventory.epoch, "held": 6, "digests": True, "buckets": []}
    bed.line.script = lambda: Answer(200, json.dumps(same).encode(), None)
    waits = [bed.sender.step() for _ in range(6)]
    assert waits[-1] > 5
    assert bed.inventory.acknowledged(["http://up"]) == 0


def test_without_a_credential_nothing_is_sent(bed: Bed, tmp_path: Path) -> None:
    bed.sender._credential.token = ""
    assert bed.sender.step() > 0
    assert bed.line.kinds == []
    told = {"url": "http://up", "token": "token", "container": "site/c1"}
    (tmp_path / "credential").write_text(json.dumps(told))
    bed.steps()
    assert bed.told()
