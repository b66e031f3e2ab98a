import pytest

from collector.api.gates import parcel
from collector.intake.decode import decode
from collector.store.entry import Clock, Envelope
from tests.build.world import START, Agent, compressed, gpus
from vigie.frame import Gap, Happening

ENVELOPE = Envelope(
    "p1", "site", simulated=True, received=START, compressed=True,
    clocks={"b1": Clock("b1", START, 5)}, scopes={"b1": "site/c"},
)  # fmt: skip


def test_an_envelope_comes_out_as_it_went_in() -> None:
    assert parcel.opened(parcel.sealed(ENVELOPE)) == ENVELOPE


@pytest.mark.parametrize("agents", [1, 3])
def test_readings_come_out_as_they_went_in(agents: int) -> None:
    senders = [Agent("site/c", f"agent-{n}", read=gpus(4, n)) for n in range(agents)]
    mixed = [Agent("site/c", "agent-host")]
    read = decode(compressed(*(a.frame(3) for a in (*senders, *mixed))), ENVELOPE)
    assert parcel.plain(read)
    found = parcel.unpacked(parcel.packed(read))
    assert found.dropped == read.dropped
    for came, went in zip(found.frames, read.frames, strict=True):
        assert (came.sender, came.header.boot, came.header.sequence, came.digest, came.offset) == (
            went.sender, went.header.boot, went.header.sequence, went.digest, went.offset,
        )  # fmt: skip
        assert came.header.time == went.header.time
        for a, b in zip(came.batches, went.batches, strict=True):
            assert (a.measurement, a.container, a.keys) == (b.measurement, b.container, b.keys)
            assert a.rows.equals(b.rows)
            assert a.rows.schema.equals(b.rows.schema)


def test_what_is_more_than_readings_is_not_packed() -> None:
    agent = Agent("site/c")
    told = agent.frame(1, events=[Happening("agent_started", START // 1000)])
    gone = agent.frame(2, gaps=[Gap(0, 1, START // 1000, START // 1000, "spool full")])
    for frame in (told, gone):
        assert not parcel.plain(decode(compressed(frame), ENVELOPE))
