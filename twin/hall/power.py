"""From what IT, cooling and the house draw to grid, generator, battery and losses."""

from dataclasses import dataclass, field
from typing import Final

from twin.cooling.machines import clipped

PDU_LOSS: Final = 0.012
"""Cables and rack distribution, of what comes out of the UPS."""
UPS_FIXED: Final = 0.012
"""What a UPS takes at no load, of its rating, and more of its load."""
UPS_SHARE: Final = 0.035
FEED_LOSS: Final = 0.006
"""Transformer or switchboard, of all that is drawn."""
LIGHTING_SHARE: Final = 0.001
HOUSE_SHARE: Final = 0.015
"""Controls, fire protection, air of the technical rooms: of the rating."""
BATTERY_SECONDS: Final = 480.0
"""How long a full battery carries the rated IT."""
CHARGE_SHARE: Final = 0.08
CHARGE_LOSS: Final = 0.06
GENERATOR_SECONDS: Final = 20.0
UPS_SIZE: Final = 1.25
"""What a UPS can feed, of what IT draws at most."""
LOW_CHARGE: Final = 0.25
WORN_BATTERY: Final = 0.8
"""Share of its capacity below which a battery is to be replaced (IEEE 1188)."""
SOLAR_SHARE: Final = 0.04
"""Peak of the panels, of the rating, where a meter of them is declared."""


@dataclass(slots=True)
class Drawn:
    """What is asked of the supply, W: IT and its parts, cooling, the house."""

    it: float = 0.0
    gpu: float = 0.0
    cpu: float = 0.0
    network: float = 0.0
    storage: float = 0.0
    cooling: float = 0.0
    heat_pump: float = 0.0


@dataclass(slots=True)
class Books:
    """Energy since the play began, J, by place; each entry of `POWER_ROLES` that is played.

    site + generator + solar = ups_in + cooling + heat_pump + house + feed losses, and so on
    inwards; `battery` is what lies in it more than at the start.
    """

    joules: dict[str, float] = field(default_factory=dict)
    watts: dict[str, float] = field(default_factory=dict)

    def add(self, place: str, watts: float, seconds: float) -> None:
        """Book so many watts for so long."""
        self.watts[place] = watts
        self.joules[place] = self.joules.get(place, 0.0) + watts * seconds


class Supply:
    """Grid, generator, solar, UPS and battery of one container."""

    def __init__(self, it_watts: float, rated: float, *, generator: bool, solar: bool) -> None:
        self._it, self._rated = it_watts, rated
        self._has_generator, self._solar = generator, solar
        self._full = it_watts * BATTERY_SECONDS
        self._charge = self._full
        self._lost_seconds = 0.0
        self.books = Books()
        self._part, self._modules, self._dead = 1.0, 1.0, False
        self.utility = True
        self.generator = False
        self.battery = False

    @property
    def capacity(self) -> float:
        """W that the UPS can feed."""
        return self._it * UPS_SIZE * self._modules

    @property
    def charge(self) -> float:
        """Charge of the battery, 0 to 1."""
        full = self._full * self._part
        return clipped(self._charge / full, 0.0, 1.0) if full else 0.0

    @property
    def runtime_seconds(self) -> float:
        """How long the battery carries what the UPS gives now; infinite where that is nothing."""
        load = self.books.watts.get("ups", 0.0)
        return self._charge / load if load else float("inf")

    @property
    def worn(self) -> bool:
        """Whether age has left so little of the battery that it is to be replaced."""
        return self._part < WORN_BATTERY

    @property
    def alive(self) -> bool:
        """Whether servers have power."""
        return not self._dead and (self.utility or self.generator or self._charge > 0)

    @property
    def cooled(self) -> bool:
        """Whether what hangs on no battery has power."""
        return not self._dead and (self.utility or self.generator)

    def begin(
        self, seconds: float, *, utility: bool, generator: bool, dead: bool = False,
        capacity: float = 1.0, modules: float = 1.0,
    ) -> None:  # fmt: skip
        """Say what feeds the place in the step that comes.

        `dead` is a place that nothing reaches any more, be it from its battery; `capacity` is what
        age leaves of that, `modules` the share of the UPS that works.
        """
        self._dead, self._part, self._modules = dead, capacity, modules
        self._charge = min(self._charge, self._full * capacity)
        utility = utility and not dead
        self._lost_seconds = 0.0 if utility else self._lost_seconds + seconds
        self.utility = utility
        started = self._lost_seconds > GENERATOR_SECONDS
        self.generator = not utility and generator and self._has_generator and started
        self.battery = self.alive and not self.cooled and self._charge > 0

    def step(self, drawn: Drawn, seconds: float, sun: float) -> None:
        """Feed so much for so long, and book it; `sun` is what the panels give of their peak."""
        before = self._charge
        pdu = drawn.it / (1 - PDU_LOSS / 2)
        out = pdu / (1 - PDU_LOSS / 2)
        lost = self._it * UPS_FIXED + out * UPS_SHARE if self.alive else 0.0
        charging = self._charging(seconds) if self.cooled else 0.0
        lighting, house = self._rated * LIGHTING_SHARE, self._rated * HOUSE_SHARE
        if not self.cooled:
            self._charge -= (out + lost) * seconds
            lighting = house = 0.0
        self._charge += charging * (1 - CHARGE_LOSS) * seconds
        taken = out + lost + charging if self.cooled else 0.0
        behind = taken + drawn.cooling + drawn.heat_pump + lighting + house
        whole = behind / (1 - FEED_LOSS)
        solar = min(self._rated * SOLAR_SHARE * sun, whole) if self._solar and self.utility else 0.0
        told = {
            "site": whole - solar if self.utility else 0.0,
            "generator": whole if self.generator else 0.0,
            "solar": solar, "ups_in": taken, "ups": out, "pdu": pdu, "it": drawn.it,
            "gpu": drawn.gpu, "cpu": drawn.cpu, "network": drawn.network,
            "storage": drawn.storage, "cooling": drawn.cooling, "heat_pump": drawn.heat_pump,
            "lighting": lighting, "auxiliary": house,
            "supply": lost + charging * CHARGE_LOSS + (out - drawn.it) + whole - behind,
            "battery": (self._charge - before) / seconds,
        }  # fmt: skip
        for place, watts in told.items():
            self.books.add(place, watts, seconds)

    def _charging(self, seconds: float) -> float:
        missing = max(self._full * self._part - self._charge, 0.0)
        return min(self._it * CHARGE_SHARE, missing / seconds / (1 - CHARGE_LOSS))
