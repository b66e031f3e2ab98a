"""What no honest agent sends, to a real collector: refused by name, counted, nothing of it kept."""

import json
import random
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.build import crafted
from tests.build.programs import Collector, Sender
from tests.build.world import Agent, compressed
from vigie.catalogue import CLOCK_WRONG, Host
from vigie.client import Client
from vigie.frame import MAX_REQUEST_BYTES, PREFIX
from vigie.replies import Principals, Problem, Table

MEGABYTE = 2**20
BOMB_BYTES = 200 * MEGABYTE
MEMBERS = {name for name in Problem.__dataclass_fields__ if name != "fault"}


@dataclass
class House:
    """A collector, and senders whose container is named after what they do."""

    collector: Collector
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, name: str, scope: str = "", kind: str = "agent") -> str:
        """The credential of an agent of that name, for the container `bad/<name>`."""
        if name not in self.tokens:
            self.tokens[name] = self.collector.enrol(name, scope or f"bad/{name}", kind=kind)
        return self.tokens[name]

    def sender(self, name: str) -> Sender:
        return Sender(self.collector.url, self.token(name))

    def client(self, file: str = "reader.token") -> Client:
        return self.collector.client(file)

    @property
    def frames(self) -> float:
        """How many frames are kept: the collector keeps rows of its own at any time."""
        return self.counted("store_frames_total")

    def rows(self, name: str, **query: Any) -> Table:
        """Raw `host` rows of the last and next hours of an agent's container."""
        return self.collector.table("series/host", fields="load1", scope=f"bad/{name}", **query)

    def latest(self, measurement: str, name: str) -> Mapping[str, list[Any]]:
        return self.collector.table(f"latest/{measurement}", scope=f"bad/{name}").columns

    def events(self, name: str) -> Mapping[str, list[Any]]:
        return self.collector.table("events", scope=f"bad/{name}").columns

    def counted(self, metric: str, **labels: str) -> float:
        """What /metrics says of one counter; 0 where it says nothing."""
        words = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        begins = f"vigie_collector_{metric}{{{words}}} " if words else f"vigie_collector_{metric} "
        for line in self.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")[1].decode().splitlines():
            if line.startswith(begins):
                return float(line.removeprefix(begins))
        return 0.0

    def raw(self, head: bytes, *, timeout: float = 10.0) -> tuple[int, bytes]:
        """Bytes as they are on the wire, and status and body of the answer."""
        with socket.create_connection(("127.0.0.1", self.collector.port), timeout) as wire:
            wire.sendall(head)
            return answered(wire)

    @property
    def peak(self) -> int:
        """The most memory it had since `forget_peak`, in bytes."""
        status = Path(f"/proc/{self.collector.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if "VmHWM" in line)
        return int(kilobytes) * 1024

    def forget_peak(self) -> int:
        """Begin to measure the peak anew; what it has now."""
        Path(f"/proc/{self.collector.pid}/clear_refs").write_text("5")
        return self.peak


def answered(wire: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer with a Content-Length."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = wire.recv(65536)
        if not piece:
            raise ConnectionError("hung up without an answer")
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += wire.recv(65536)
    return int(head.split()[1]), body


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Collector(tmp_path_factory.mktemp("bad")) as collector:
        yield House(collector)


def refused(house: House, name: str, body: bytes, **more: str) -> dict[str, Any]:
    """Post what must be refused; the problem, once it is sure that nothing was kept."""
    before, sender = house.frames, house.sender(name)
    status, problem, headers = sender.post(body, more.pop("clock", ""), **more)
    sender.close()
    assert 400 <= status < 500, (status, problem)
    assert headers["content-type"] == "application/problem+json"
    assert set(problem) >= MEMBERS
    assert problem["status"] == status
    assert problem["fault"]
    assert problem["detail"]
    assert house.frames == before
    assert house.rows(name).columns["load1"] == []
    assert house.counted("frames_refused_total", agent=name, fault=problem["fault"]) > 0
    return dict(problem)


def window(bytes_log2: int) -> bytes:
    """A zstd frame that wants a window of so many bytes."""
    exponent = bytes_log2 - 10
    return b"\x28\xb5\x2f\xfd\x00" + bytes([exponent << 3]) + b"\x03\x00\x00" + bytes(4)


def streamed_bomb() -> bytes:
    """As small as it gets, without the size that a decoder could look at first."""
    made = zstandard.ZstdCompressor(level=3).compressobj()
    zeros = bytes(4 * MEGABYTE)
    pieces = [made.compress(zeros) for _ in range(BOMB_BYTES // len(zeros))]
    return b"".join((*pieces, made.flush()))


def many_sections() -> bytes:
    data = crafted.stream({"host": ["h"], "load1": [1.0]})
    return crafted.packed("bad/sections", *[("host", data, 1)] * 20_000)


HOST = crafted.stream({"host": ["host-1"], "load1": [1.0]})
LYING = PREFIX.pack(b"VGF1", 2**31, 2**31)
DEEP = PREFIX.pack(b"VGF1", 900_000, 0) + b"[" * 900_000
LONG = PREFIX.pack(b"VGF1", 900_002, 0) + b"1" * 900_000 + b"{}"

REFUSED: dict[str, tuple[bytes, str, int, str]] = {
    "empty": (b"", "", 400, "truncated"),
    "text": (b"hello, collector", "", 400, "magic"),
    "nothing": (compressed(b""), "zstd", 400, "truncated"),
    "plain": (crafted.host("bad/plain", [1.0]), "zstd", 400, "zstd"),
    "liar": (LYING, "", 400, "header"),
    "deep": (DEEP, "", 400, "header"),
    "long": (LONG, "", 400, "header"),
    "cut": (crafted.host("bad/cut", [1.0])[:-9], "", 400, "truncated"),
    "junk": (crafted.packed("bad/junk", ("host", b"\xff" * 400, 1)), "", 400, "arrow"),
    "half": (crafted.packed("bad/half", ("host", HOST[:300], 1)), "", 400, "arrow"),
    "texts": (crafted.host("bad/texts", ["1"]), "", 400, "type"),
    "flags": (crafted.host("bad/flags", [True]), "", 400, "type"),
    "keyless": (crafted.packed("bad/keyless", ("filesystem", HOST, 1)), "", 400, "key"),
    "mute": (crafted.packed("bad/mute", ("novelty", HOST, 1)), "", 400, "no_known_measurement"),
    "inside": (crafted.host("bad/inside", [0.0] * 50_000, compression="zstd"),
               "", 400, "compressed"),
    "squeezed": (crafted.host("bad/squeezed", [0.0] * 50_000, compression="lz4"),
                 "", 400, "compressed"),
    "window": (window(31), "zstd", 400, "zstd"),
    "bomb": (zstandard.compress(bytes(BOMB_BYTES), 3), "zstd", 413, "too_large"),
    "stream": (streamed_bomb(), "zstd", 413, "too_large"),
    "pieces": (zstandard.compress(bytes(6 * MEGABYTE), 3) * 20, "zstd", 413, "too_large"),
    "foreign": (crafted.host("bad/another", [1.0]), "", 403, "scope"),
    "prefix": (crafted.host("bad/prefixed", [1.0]), "", 403, "scope"),
    "escape": (crafted.host("bad/escape/../another", [1.0]), "", 400, "container"),
    "deeper": (crafted.host("bad/deeper/host-1/x", [1.0]), "", 400, "container"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_by_name(house: House, name: str) -> None:
    body, encoding, status, fault = REFUSED[name]
    problem = refused(house, name, body, encoding=encoding)
    assert (problem["status"], problem["fault"]) == (status, fault), problem


def test_many_sections_are_bounded(house: House) -> None:
    assert refused(house, "sections", compressed(many_sections()))["status"] in {400, 413}


@pytest.mark.parametrize("name", ["bomb", "stream", "pieces", "inside", "sections", "window"])
def test_a_bomb_takes_no_memory(house: House, name: str) -> None:
    body, encoding = (compressed(many_sections()), "zstd")
    if name in REFUSED:
        body, encoding, _, _ = REFUSED[name]
    sender = house.sender(name)
    sender.post(body, "", encoding=encoding)
    before = house.forget_peak()
    for _ in range(5):
        status, _, _ = sender.post(body, "", encoding=encoding)
        assert status in {400, 413}
    sender.close()
    grown = house.peak - before
    print(f"{name}: {len(body)} bytes sent five times, peak memory grew by {grown / 1e6:.1f} MB")
    assert grown < 50e6


def test_who_shows_no_valid_credential_stays_outside(house: House) -> None:
    body, agent = crafted.host("bad/out", [1.0]), house.token("out")
    another = house.token("revoked")
    made_up = agent[:-4] + "aaaa"
    end_credential(house, another)
    for token in ("", "nonsense", made_up, agent.upper(), another):
        sender = Sender(house.collector.url, token)
        status, problem, headers = sender.post(body, "", encoding="")
        sender.close()
        assert (status, problem["fault"]) == (401, "credential"), token[:12]
        assert headers["www-authenticate"] == "Bearer"
    status, answer = house.raw(
        b"POST /api/v1/frames HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nVGF1"
    )
    assert (status, json.loads(answer)["fault"]) == (401, "credential")
    assert house.rows("out").columns["load1"] == []
    assert house.counted("frames_refused_total", agent="unknown", fault="credential") >= 6


def end_credential(house: House, token: str) -> None:
    """As `vigie credentials revoke` does."""
    with house.client("registrar.token") as registrar:
        registrar.post(dict[str, Any], f"credentials/{token.split('_')[1]}/revoke")


def test_a_credential_that_expired_is_none(house: House) -> None:
    sender = house.sender("expired")
    assert sender.post(crafted.host("bad/expired", [1.0]), "", encoding="")[0] == 200
    database = sqlite3.connect(house.collector.data / "collector" / "state.db", timeout=10)
    with database:
        database.execute(
            "UPDATE credentials SET expires = ? WHERE id = ?",
            (time.time() - 1, house.token("expired").split("_")[1]),
        )
    database.close()
    end = time.monotonic() + 30  # another process wrote it: it is seen within seconds
    status = 200
    while status == 200 and time.monotonic() < end:
        status, _, _ = sender.post(crafted.host("bad/expired", [1.0]), "", encoding="")
        time.sleep(0.1)
    sender.close()
    assert status == 401
    with house.client("registrar.token") as registrar:
        found = registrar.get(Principals, "principals").principals
    assert [p.credentials[0].expires for p in found if p.name == "expired"] != [None]


def test_a_person_and_a_service_send_no_frames(house: House) -> None:
    for kind in ("person", "service"):
        token = house.token(f"a-{kind}", "bad/out", kind=kind)
        sender = Sender(house.collector.url, token)
        status, problem, _ = sender.post(crafted.host("bad/out", [1.0]), "", encoding="")
        sender.close()
        assert (status, problem["fault"]) == (403, "forbidden")


def test_a_host_speaks_for_no_other(house: House) -> None:
    token = house.token("one", "bad/one/host-1")
    sender = Sender(house.collector.url, token)
    status, problem, _ = sender.post(crafted.host("bad/one", [1.0, 2.0]), "", encoding="")
    assert (status, problem["fault"]) == (403, "scope")
    assert "host-2" in problem["detail"]
    assert house.rows("one").columns["load1"] == []
    assert sender.post(crafted.host("bad/one", [3.0], sequence=1), "", encoding="")[0] == 200
    assert house.rows("one").columns["load1"] == [3.0]
    sender.close()


@pytest.mark.parametrize("size", [MAX_REQUEST_BYTES + 1, 2**40, 10**30])
def test_too_long_a_body_is_refused_before_it_comes(house: House, size: int) -> None:
    before = house.forget_peak()
    began = time.monotonic()
    head = "POST /api/v1/frames HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
    head += "Content-Type: application/vnd.vigie.frames\r\nContent-Length: {}\r\n\r\n"
    status, text = house.raw(head.format(house.token("endless"), size).encode())
    assert time.monotonic() - began < 10, "it waited for the body"
    assert 400 <= status < 500
    if size < 2**63:
        assert (status, json.loads(text)["fault"]) == (413, "too_large")
    assert house.peak - before < 10e6


def test_a_body_in_chunks_is_cut_at_the_limit(house: House) -> None:
    token = house.token("chunks")
    before = house.forget_peak()
    with socket.create_connection(("127.0.0.1", house.collector.port), 10) as wire:
        wire.sendall(
            b"POST /api/v1/frames HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/vnd.vigie.frames\r\n"
            b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
        )
        sent, chunk = 0, f"{MEGABYTE:x}\r\n".encode() + bytes(MEGABYTE) + b"\r\n"
        try:
            while sent < 100:
                wire.sendall(chunk)
                sent += 1
        except OSError:
            pass  # it closed, as it may
        status, text = answered(wire)
    assert (status, json.loads(text)["fault"]) == (413, "too_large")
    assert sent < 100, "it read on and on"
    assert house.peak - before < 50e6


def test_frames_damaged_on_the_way_are_refused_or_kept_as_they_were(house: House) -> None:
    """As agents send them: compressed, with a checksum."""
    agent = Agent("bad/damaged", "damaged", start=time.time_ns() - 30 * 10**9)
    sound = [compressed(agent.frame(tick)) for tick in range(20)]
    chance, sender = random.Random(20261122), house.sender("damaged")
    pid, answers = house.collector.pid, dict[int, int]()
    for turn in range(400):
        body = damaged(sound[turn % len(sound)], chance)
        try:
            status, answer, _ = sender.post(body, "")
        except ConnectionError:
            pytest.fail(f"no answer to mutation {turn}")
        answers[status] = answers.get(status, 0) + 1
        assert status < 500, answer
    print(f"answers to damaged frames: {answers}")
    assert answers[400] > 300
    expected = Sender(house.collector.url, house.token("damaged"))
    for body in sound:
        assert expected.post(body, "")[0] == 200
    expected.close()
    sender.close()
    assert house.collector.process
    assert (house.collector.process.poll(), house.collector.pid) == (None, pid)
    assert house.rows("damaged").columns["load1"] == [2.0] * 20
    assert house.events("damaged")["code"] == [], "no frame was taken for another of its number"


def damaged(body: bytes, chance: random.Random) -> bytes:
    """Bits flipped, cut, made longer, or a piece replaced."""
    changed = bytearray(body)
    match chance.randrange(5):
        case 0 | 1:
            for _ in range(chance.randint(1, 3)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case 2:
            del changed[chance.randrange(len(changed)) :]
        case 3:
            changed += chance.randbytes(chance.randint(1, 50))
        case _:
            at = chance.randrange(len(changed))
            changed[at : at + 8] = chance.randbytes(8)
    return bytes(changed)


def test_plain_frames_damaged_anywhere_break_nothing(house: House) -> None:
    """Without a checksum a flipped value is a value: nothing breaks, and every row can be read."""
    agent = Agent("bad/plainly", "plainly", start=time.time_ns() - 30 * 10**9)
    chance, sender = random.Random(7), house.sender("plainly")
    for turn in range(300):
        status, answer, _ = sender.post(damaged(agent.frame(turn % 20), chance), "", encoding="")
        assert status < 500, (turn, answer)
    sender.close()
    rows = house.collector.table("series/host", scope="bad/plainly")
    assert set(rows.columns["container"]) <= {"bad/plainly"}


def test_what_the_catalogue_does_not_know_is_dropped_and_named(house: House) -> None:
    novel = crafted.stream({"host": ["host-1"], "load1": [4.0], "novelty": [1.0], "zeal": ["x"]})
    body = crafted.packed("bad/novel", ("host", novel, 1), ("fashion", HOST, 1))
    sender = house.sender("novel")
    before = house.counted("columns_dropped_total", measurement="host")
    status, answer, _ = sender.post(body, "", encoding="")
    sender.close()
    assert status == 200
    assert answer["dropped"] == {"fashion": ["*"], "host": ["novelty", "zeal"]}
    assert house.rows("novel").columns["load1"] == [4.0]
    assert house.counted("columns_dropped_total", measurement="host") == before + 2
    assert house.counted("columns_dropped_total", measurement="fashion") == 1


def test_a_value_that_cannot_be_is_kept_and_marked(house: House) -> None:
    sender = house.sender("odd")
    body = crafted.host("bad/odd", [-5.0, 1.0, float("nan"), float("inf")])
    assert sender.post(body, "", encoding="")[0] == 200
    sender.close()
    latest, bit = house.latest("host", "odd"), 1 << Host.load1.number
    assert list(zip(latest["host"], latest["load1"], latest["suspect"], strict=True)) == [
        ("host-1", -5.0, bit), ("host-2", 1.0, 0), ("host-3", None, bit), ("host-4", None, bit),
    ]  # fmt: skip
    mean = house.rows("odd", by="container", agg="mean")
    assert mean.columns["load1"] == [1.0], "what cannot be is left out of what is computed"


@pytest.mark.parametrize(
    ("name", "skew"),
    [
        ("behind", -3600.0), ("ahead", 3600.0),
        ("1970", 60.0 - time.time()), ("2106", 2.0**32 - time.time()),
    ],
    ids=["behind", "ahead", "1970", "2106"],
)  # fmt: skip
def test_a_wrong_clock_is_put_right_and_told(house: House, name: str, skew: float) -> None:
    agent = Agent(f"bad/{name}", name, skew=skew, start=time.time_ns() - 5 * 10**9)
    sender = house.sender(name)
    body = compressed(*(agent.frame(tick) for tick in range(4)))
    assert sender.post(body, agent.clock(5))[0] == 200
    sender.close()
    times = [stamp(text) for text in house.rows(name).columns["time"]]
    truth = [agent.start / 1e9 + tick for tick in range(4)]
    assert times == pytest.approx(truth, abs=1.0)
    latest = house.latest("source", name)
    offsets = dict(zip(latest["source"], latest["clock_offset_seconds"], strict=True))
    assert offsets["agent"] == pytest.approx(skew, abs=1.0)
    assert offsets["host"] is None
    told = house.events(name)
    assert told["code"] == [CLOCK_WRONG.code]
    assert f"{skew:+.0f}"[:5] in told["detail"][0]


@pytest.mark.parametrize(("name", "wall"), [("1970-mute", 60.0), ("2106-mute", 2.0**32)])
def test_an_impossible_clock_is_put_right_even_where_nothing_is_known_of_it(
    house: House, name: str, wall: float
) -> None:
    now = time.time()
    agent = Agent(f"bad/{name}", name, start=int(wall * 1e9))
    sender = house.sender(name)
    assert sender.post(compressed(agent.frame(0)), "")[0] == 200
    sender.close()
    (text,) = house.rows(name).columns["time"]
    assert stamp(text) == pytest.approx(now, abs=5)
    assert house.events(name)["code"] == [CLOCK_WRONG.code]


def stamp(text: Any) -> float:
    return datetime.fromisoformat(str(text)).timestamp()


def test_whatever_was_sent_it_is_the_same_process_and_says_so(house: House) -> None:
    assert house.raw(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
    log = house.collector.log.read_text()
    assert "Traceback" not in log, log[-3000:]


def test_raw_bytes_that_are_no_request_end_that_connection_only(house: House) -> None:
    for junk in (b"\x16\x03\x01\x02\x00" * 40, b"GET\r\n\r\n", struct.pack("<Q", 7) * 1000,
                 b"POST /api/v1/frames HTTP/9.9\r\n\r\n", b"A" * 200_000):  # fmt: skip
        with socket.create_connection(("127.0.0.1", house.collector.port), 5) as wire:
            wire.settimeout(2)
            try:
                wire.sendall(junk)
                wire.recv(4096)
            except (TimeoutError, ConnectionError):
                continue  # hung up, or still waiting for the rest
    assert house.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
