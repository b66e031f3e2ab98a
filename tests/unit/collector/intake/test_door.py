from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import people
from collector.counters import Counters
from collector.intake import door as doors
from collector.intake.door import Door, bearer
from collector.people import Newcomer, People
from collector.store.entry import Clock
from vigie.database import Database
from vigie.errors import FrameError, Refused, Unavailable
from vigie.frame import CONTENT_TYPE, MAX_REQUEST_BYTES

NOW = 1_790_000_000_000_000_000


class House:
    """A door, and someone who may come in."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path / "state.db", people.TABLES)
        self.people = People(self.database, lambda: NOW)
        self.full = False
        self.counters = Counters()
        self.door = Door(self.people.caller, lambda: self.full, self.counters, lambda: NOW)
        registrar = self.people.caller(self.people.built_in("r", ["registrar"]).token)
        assert registrar is not None
        code = self.people.enrol(Newcomer("agent", "a1", (), "site/c"), registrar).code
        token = self.people.redeem(code).token
        self.headers = {
            b"authorization": f"Bearer {token}".encode(),
            b"content-type": CONTENT_TYPE.encode(),
            b"content-encoding": b"zstd",
            b"content-length": b"1000",
        }


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.database.close()


def test_a_sender_comes_in_with_its_scope(house: House) -> None:
    caller = house.door.sender(house.headers)
    envelope = house.door.enter({**house.headers, b"vigie-clock": b"b1 12 34"}, caller)
    assert (envelope.scope, envelope.compressed) == ("site/c", True)
    assert (envelope.received, envelope.clocks) == (NOW, {"b1": Clock("b1", 12, 34)})


@pytest.mark.parametrize("header", [b"", b"Bearer", b"Basic abc", b"Bearer vigie_a_b", b"\xff\xfe"])
def test_who_has_no_credential_stays_outside(house: House, header: bytes) -> None:
    with pytest.raises(Refused) as refused:
        house.door.sender({**house.headers, b"authorization": header})
    assert refused.value.status == 401


def test_a_reader_may_not_send(house: House) -> None:
    token = house.people.built_in("reader", ["reader"]).token
    with pytest.raises(Refused) as refused:
        house.door.sender({b"authorization": f"Bearer {token}".encode()})
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        (b"content-type", b"text/plain", 415),
        (b"content-encoding", b"gzip", 415),
        (b"content-length", str(MAX_REQUEST_BYTES + 1).encode(), 413),
    ],
)
def test_what_the_headers_give_away_is_refused_unread(
    house: House, header: bytes, value: bytes, status: int
) -> None:
    with pytest.raises(Refused) as refused:
        house.door.enter({**house.headers, header: value}, house.door.sender(house.headers))
    assert refused.value.status == status


@pytest.mark.parametrize("clock", [b"b1", b"b1 1", b"b1 x 2", b"b1 -1 2", b"b1 1 2 3", b" 1 2"])
def test_a_clock_that_is_none_is_named(house: House, clock: bytes) -> None:
    with pytest.raises(FrameError) as refused:
        house.door.enter({**house.headers, b"vigie-clock": clock}, house.door.sender(house.headers))
    assert refused.value.fault == "clock"


def test_a_relay_tells_the_clock_and_the_scope_of_each_of_its_agents(house: House) -> None:
    told = {b"vigie-clock": b"b1 12 34, b2 56 78", b"vigie-scope": b"b1 site%2Fc%2Fh1,b%202 site/c"}
    envelope = house.door.enter({**house.headers, **told}, house.door.sender(house.headers))
    assert envelope.clocks == {"b1": Clock("b1", 12, 34), "b2": Clock("b2", 56, 78)}
    assert envelope.scopes == {"b1": "site/c/h1", "b 2": "site/c"}


def test_a_scope_wider_than_the_senders_own_is_refused(house: House) -> None:
    told = {**house.headers, b"vigie-scope": b"b1 site/c/h1,b2 site/other"}
    with pytest.raises(Refused) as refused:
        house.door.enter(told, house.door.sender(house.headers))
    assert refused.value.status == 403


@pytest.mark.parametrize("scope", [b"b1", b"b1 ", b" site/c", b"b1 site/c,"])
def test_a_scope_that_is_none_is_named(house: House, scope: bytes) -> None:
    with pytest.raises(FrameError) as refused:
        house.door.enter({**house.headers, b"vigie-scope": scope}, house.door.sender(house.headers))
    assert refused.value.fault == "scope"


def test_nobody_comes_in_while_the_disk_is_full(house: House) -> None:
    house.full = True
    with pytest.raises(Unavailable) as closed:
        house.door.enter(house.headers, house.door.sender(house.headers))
    assert closed.value.retry_after


def test_what_is_in_hand_is_bounded_and_one_request_always_fits(house: House) -> None:
    house.door.take(doors.IN_HAND_BYTES + 1)
    with pytest.raises(Unavailable):
        house.door.take(1)
    house.door.leave(doors.IN_HAND_BYTES + 1)
    house.door.take(1)


def test_refusals_are_counted_by_sender_and_fault(house: House) -> None:
    house.door.count_refused(house.door.sender(house.headers), "type")
    house.door.count_refused(None, "credential")
    assert house.counters.value("frames_refused_total", agent="a1", fault="type") == 1
    assert house.counters.value("frames_refused_total", agent="unknown", fault="credential") == 1


def test_a_token_is_read_whatever_the_case_of_the_scheme() -> None:
    assert bearer("bearer abc") == bearer("Bearer  abc ") == "abc"
    assert bearer("abc") == ""
