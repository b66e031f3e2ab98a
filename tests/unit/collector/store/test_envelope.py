import json

import pytest

from collector.store.entry import Clock, Envelope
from collector.store.envelope import Note, pack, unpack
from vigie.errors import StoreError

SENT = Envelope("p", "site", simulated=False, received=5, compressed=True)


@pytest.mark.parametrize(
    "envelope",
    [
        SENT,
        Envelope("p", "s", True, 5, False, {"b1": Clock("b1", 1, 2), "b2": Clock("b2", 3, 4)}),
        Envelope("p", "s", True, 5, False, {}, {"b1": "s/c/h1"}),
        Note(7),
    ],
)
def test_a_record_is_read_as_it_was_written(envelope: Envelope | Note) -> None:
    assert unpack(pack(envelope)) == envelope


@pytest.mark.parametrize(
    ("clock", "clocks"), [(None, {}), (["b1", 1, 2], {"b1": Clock("b1", 1, 2)})]
)
def test_records_of_the_former_shape_are_read(clock: object, clocks: dict[str, Clock]) -> None:
    text = json.dumps(["frames", "p", "site", False, 5, True, clock]).encode()
    assert unpack(text) == Envelope("p", "site", False, 5, True, clocks)


@pytest.mark.parametrize("text", [b"", b"[]", b'["frames"]', b'["frames","p","s",0,1,0,[3]]'])
def test_what_is_no_envelope_is_named(text: bytes) -> None:
    with pytest.raises(StoreError):
        unpack(text)
