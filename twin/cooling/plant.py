"""What every kind of cooling is asked and answers, and the heat that its loop holds meanwhile."""

import math
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final, Protocol

from twin.around.weather import Air, River

UNLIMITED: Final = float("inf")
HOLD_SECONDS: Final = 240.0
"""Time in which a loop passes on most of what its load changed by."""
LOOP_KELVIN: Final = 10.0
"""By how much a loop at its rating is warmer where it returns."""
_FAULT: Final = 1


@dataclass(frozen=True, slots=True)
class Around:
    """What the outside is like: air, river where there is one, and what of a plant is left.

    `weak` is the share of the plant that still works, `worn` what it draws of what it should;
    `stopped` are patterns of machines that stand still. `moisture` adds water to oil, by mass;
    `lost` is the share of the fluid that is gone, `leak` says that some of it runs out; `damp` is
    the kelvins by which the room's dew point is too high; `taken` is the water withdrawn this year,
    in m3; `wanted` the share of what others usually take of the heat.
    """

    air: Air
    river: River | None = None
    weak: float = 1.0
    moisture: float = 0.0
    worn: float = 1.0
    stopped: tuple[str, ...] = ()
    lost: float = 0.0
    damp: float = 0.0
    wanted: float = 1.0
    leak: bool = False
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one machine of a plant says of itself; None is what it does not say."""

    name: str
    kind: str
    speed: float | None = None
    rpm: float | None = None
    supply: float | None = None
    back: float | None = None
    setpoint: float | None = None
    watts: float | None = None
    heat: float | None = None
    flow: float | None = None
    pressure: float | None = None
    level: float | None = None
    moisture: float | None = None
    dew_margin: float | None = None
    alarms: int = 0
    stopped: bool = False

    def warmer(self, kelvin: float) -> "Part":
        """The same, so much warmer; what is outside the loop is as it was."""
        if self.kind == "river":
            return self
        supply = None if self.supply is None else self.supply + kelvin
        return replace(self, supply=supply, back=None if self.back is None else self.back + kelvin)

    def struck(self, around: Around) -> "Part":
        """The same where it is worn, or stands still."""
        if any(fnmatchcase(self.name, pattern) for pattern in around.stopped):
            still = {f: 0.0 for f in ("speed", "rpm", "watts", "heat", "flow", "pressure")
                     if getattr(self, f) is not None}  # fmt: skip
            return replace(self, **still, alarms=self.alarms | _FAULT, stopped=True)  # type: ignore[arg-type]
        return replace(self, watts=None if self.watts is None else self.watts * around.worn)


@dataclass(frozen=True, slots=True)
class Work:
    """What a plant does to give heat away; watts, m3/s and °C.

    `inside` is the part of `electric` that warms its own loop, `compressor` the part that is
    rejected on top of what was removed. `supply` is what reaches the servers.
    """

    electric: float
    inside: float
    compressor: float
    supply: float
    back: float
    flow: float
    withdrawn: float = 0.0
    returned: float = 0.0
    discharge: float | None = None
    downstream: float | None = None
    """°C of the river once what is returned has mixed with it."""
    limit: str = ""
    """The limit that binds, in words; empty where none does."""
    parts: tuple[Part, ...] = ()

    @property
    def consumed(self) -> float:
        """Water lost: what was taken and does not go back."""
        return self.withdrawn - self.returned

    def warmer(self, kelvin: float) -> "Work":
        """The same where its loop is so much warmer than it should be."""
        if not kelvin:
            return self
        return replace(self, parts=tuple(p.warmer(kelvin) for p in self.parts))

    def struck(self, around: Around) -> "Work":
        """The same where machines are worn, and some of them stand still and draw nothing.

        What they would have done is not done: see `Around.weak`.
        """
        if around.worn == 1.0 and not around.stopped:
            return self
        parts = tuple(p.struck(around) for p in self.parts)
        saved = sum(
            (p.watts or 0.0) * around.worn
            for p, q in zip(self.parts, parts, strict=True) if q.stopped
        )  # fmt: skip
        return replace(
            self, electric=max(self.electric * around.worn - saved, 0.0),
            compressor=self.compressor * around.worn, parts=parts,
        )  # fmt: skip


class Plant(Protocol):
    """One kind of cooling, sized for a container."""

    kind: str
    air_cooled: bool
    """Whether the servers' own fans move the heat."""

    def inside(self, heat: float, around: Around) -> float:
        """W of its own pumps and fans that its loop has to carry too, at that heat."""

    def allowed(self, around: Around) -> float:
        """W that it can carry off now at most."""

    def work(self, removed: float, rejected: float, around: Around) -> Work:
        """What it takes to remove that heat, of which so much has to be rejected (W)."""


@dataclass(slots=True)
class Loop:
    """The heat that fluid and metal hold on its way out: J above a loop at rest.

    `step` is the exact solution of dS/dt = heat - S / hold, so that its steps may be long; what
    comes in is always what goes out and what stays.
    """

    rated: float
    hold: float = HOLD_SECONDS
    stored: float = 0.0
    begun: bool = field(default=False)

    def step(self, heat: float, most: float, seconds: float) -> float:
        """Take in heat (W) for so long, pass on no more than `most` (W); returns W passed on."""
        if not self.begun:
            self.stored, self.begun = min(heat, most) * self.hold, True
        before = self.stored
        rest = heat * self.hold
        after = rest + (before - rest) * math.exp(-seconds / self.hold)
        passed = heat - (after - before) / seconds
        if passed > most:
            passed = most
            after = before + (heat - most) * seconds
        self.stored = after
        return passed

    def excess(self, passed: float) -> float:
        """Kelvins by which it is warmer than one that passes that heat on freely."""
        over = max(self.stored - passed * self.hold, 0.0)
        return over / (self.rated * self.hold) * LOOP_KELVIN
