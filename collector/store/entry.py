"""What intake hands to the store: a request as received, and the same decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from collector.store.laid import Laid
from vigie.frame import Header
from vigie.shape import Measurement


@dataclass(frozen=True, slots=True)
class Clock:
    """A sender's clocks at the moment of sending, in nanoseconds."""

    boot: str
    wall: int
    monotonic: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that is needed, beside the body, to decode a request again with the same result.

    `received` is the collector's wall clock in nanoseconds; `compressed` says zstd. A relay sends
    for many: `clocks` are its agents', and `scopes` what each of them may speak for where that is
    less than the relay may, both by boot.
    """

    principal: str
    scope: str
    simulated: bool
    received: int
    compressed: bool
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings of one measurement in one container.

    `rows` has time, the keys, and of the other columns of `schema.raw(measurement)` those that
    were sent, in its order; the container is not among them. What lacks is unknown, and a lacking
    quality is measured. `keys` are the bytes of the key columns: equal only where these are.
    What was `sent` may lie in the bytes of its frame still; `rows` makes columns of it.
    """

    measurement: type[Measurement]
    container: str
    keys: bytes
    sent: pa.RecordBatch | Laid

    @property
    def rows(self) -> pa.RecordBatch:
        """All columns."""
        return self.sent.rows() if isinstance(self.sent, Laid) else self.sent

    @property
    def schema(self) -> pa.Schema:
        """What the columns are."""
        return self.sent.layout.schema if isinstance(self.sent, Laid) else self.sent.schema

    @property
    def count(self) -> int:
        """How many rows there are."""
        if isinstance(self.sent, Laid):
            return self.sent.layout.shape.rows
        return int(self.sent.num_rows)


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame, checked: its identity, a digest of its bytes, and what it holds.

    `events` has the columns of `schema.EVENTS`; `offset` is the sender's clock less ours, in
    seconds, or None where it cannot be known.
    """

    header: Header
    digest: bytes
    batches: tuple[Batch, ...]
    events: pa.RecordBatch
    offset: float | None

    @property
    def sender(self) -> str:
        """Whose numbers these are: two containers may each have an agent of one name.

        A tab cannot stand in either name, so that nobody can pose as somebody else's sender.
        """
        return f"{self.header.container}\t{self.header.agent}"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A whole request; `dropped` names, per measurement, the columns that nobody knows."""

    frames: tuple[DecodedFrame, ...]
    dropped: Mapping[str, tuple[str, ...]]
