"""The process at the other end of the pipe, and what goes through it."""

import io
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from agent.child import CODE, LENGTH, answer, answered, packed, taken, told, understood
from agent.source import Found
from tests.build.hanging import Lonely
from tests.house import ROOT
from vigie import catalogue
from vigie.catalogue import GPU_LOST, DiskIo, Host
from vigie.errors import SourceFailed
from vigie.frame import Happening
from vigie.shape import Kind, Quality, Value

NOW = 1_700_000_000_000_000_000
CELLS: dict[Kind, Value] = {
    Kind.KEY: "é", Kind.GAUGE: 1.5, Kind.COUNTER: 2**40, Kind.STATE: 1, Kind.BITS: 3,
    Kind.FLAG: True,
}  # fmt: skip


def body(message: bytes) -> bytes:
    (length,) = LENGTH.unpack(message[: LENGTH.size])
    assert length == len(message) - LENGTH.size
    return message[LENGTH.size :]


@pytest.mark.parametrize("measurement", catalogue.MEASUREMENTS, ids=lambda m: m.name)
def test_every_measurement_crosses_field_by_field(measurement: type[catalogue.Host]) -> None:
    found = Found({f: [CELLS[f.kind]] for f in measurement.fields})
    plain = answered(body(packed(told(found))))
    assert understood(plain, (measurement,)) == Found(found.columns, [], {}, None)


def test_happenings_qualities_and_devices_cross() -> None:
    found = Found(
        {DiskIo.device: ["a"]},
        [Happening(GPU_LOST.code, 5, {"gpu": "G"}, "gone")],
        {"disk_io": [Quality.ESTIMATED]},
        [{"device": "a", "model": None}],
    )
    assert understood(answered(body(packed(told(found)))), (DiskIo,)) == found


def test_a_field_that_no_catalogue_knows_is_refused() -> None:
    with pytest.raises(SourceFailed, match=r"host\.nonsense"):
        understood(([("host", "nonsense", [1])], [], {}, None), (Host,))


def test_an_answer_may_hold_plain_values_only() -> None:
    for evil in (pickle.dumps(sys.exit), pickle.dumps(Quality.MEASURED), b"", b"rubbish"):
        with pytest.raises(SourceFailed) as refused:
            answered(evil)
        assert refused.value.code == "contract"


@pytest.mark.parametrize(
    ("deed", "request_", "said"),
    [
        ("", ("open",), ["open"]),
        ("open:absent", ("open",), ["absent", "no such board"]),
        ("fail", ("read", NOW), ["failed", "io", "/dev/board: no answer; reseat it"]),
        ("break", ("read", NOW), ["broke", "ZeroDivisionError: oops"]),
    ],
)
def test_what_is_asked_is_answered(
    deed: str, request_: tuple[object, ...], said: list[str]
) -> None:
    source = Lonely(deed)
    source.is_open = True
    assert list(answered(body(answer(source, request_)))) == said


def test_what_cannot_cross_is_the_source_s_fault() -> None:
    source = Lonely()
    source.is_open = True
    source.turn = lambda: Found({Host.load1: [io.StringIO]})  # type: ignore[list-item]
    with pytest.raises(SourceFailed, match="no plain value"):
        answered(body(answer(source, ("read", NOW))))


def test_a_source_that_cannot_be_taken_over_is_said_so() -> None:
    source, said = taken(pickle.dumps(b"rubbish"))
    assert source is None
    kind, code, _ = answered(body(said))
    assert (kind, code) == ("failed", "contract")


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as started:
        yield started
        started.kill()


@pytest.mark.parametrize(("deed", "status"), [("", 0), ("hang", 1)])
@pytest.mark.slow
def test_it_ends_when_the_pipe_closes_even_from_a_turn_that_hangs(
    process: "subprocess.Popen[bytes]", deed: str, status: int
) -> None:
    assert process.stdin
    assert process.stdout
    for message in (pickle.dumps(Lonely(deed)), ("open",)):
        process.stdin.write(packed(message))
        process.stdin.flush()
        (length,) = LENGTH.unpack(process.stdout.read(LENGTH.size))
        process.stdout.read(length)
    if deed:
        process.stdin.write(packed(("read", NOW)))
    began = time.monotonic()
    process.stdin.close()
    assert process.wait(60) == status
    assert time.monotonic() - began < 30


def test_it_does_not_end_before_the_agent_when_all_are_told_to(
    process: "subprocess.Popen[bytes]",
) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(packed(pickle.dumps(Lonely())))
    process.stdin.flush()
    process.stdout.read(LENGTH.size)  # it is up
    process.terminate()
    process.stdin.close()
    assert process.wait(60) == 0


def test_it_loads_no_library_of_the_agent_s_other_parts() -> None:
    heavy = {"nanoarrow", "zstandard", "psutil", "subprocess", "http.client", "sqlite3"}
    code = f"import agent.child, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"
