"""One pool as any of its kinds tells it, and its row."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.foreign import LARGEST
from vigie.catalogue import Pool
from vigie.shape import Field, Value


@dataclass(frozen=True, slots=True)
class PoolState:
    """One pool: words of the catalogue, base units, None for what its kind does not tell."""

    name: str
    kind: str
    status: str | None = None
    devices: int | None = None
    failed: int | None = None
    read_errors: int | None = None
    write_errors: int | None = None
    checksum_errors: int | None = None
    activity: str | None = None
    progress: float | None = None
    scrubbed: float | None = None
    """When the last scrub ended (s UTC)."""
    size: int | None = None
    allocated: int | None = None

    def row(self, now: float) -> Mapping[Field, Value]:
        """Its row of the measurement, at `now` (s UTC)."""
        age = None if self.scrubbed is None else max(0.0, now - self.scrubbed)
        row: dict[Field, Value] = {
            Pool.pool: self.name,
            Pool.kind: self.kind,
            Pool.status: _code(Pool.status, self.status),
            Pool.devices_count: self.devices,
            Pool.devices_failed_count: self.failed,
            Pool.read_errors_total: self.read_errors,
            Pool.write_errors_total: self.write_errors,
            Pool.checksum_errors_total: self.checksum_errors,
            Pool.activity: _code(Pool.activity, self.activity),
            Pool.progress_ratio: self.progress,
            Pool.scrub_age_seconds: age,
            Pool.size_bytes: self.size,
            Pool.allocated_bytes: self.allocated,
        }
        return {f: None if isinstance(v, int) and v > LARGEST else v for f, v in row.items()}


def _code(of: Field, word: str | None) -> int | None:
    return None if word is None else of.codes.index(word)
