"""All that GPUs are asked with under one driver: functions found once, and buffers they share.

One thread reads all GPUs, one after the other, so that a buffer a kind is enough; and a hundred
GPUs then need no more of the processor's cache than one.
"""

from agent.gpu.batch import Plans
from agent.gpu.gpm import Meter
from agent.gpu.library import Library
from agent.gpu.memory import Memories
from agent.gpu.probe import Probes
from agent.gpu.processes import Running, Utilised


class Instruments:
    """Good until the library ends."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.plans = Plans(library)
        self.probes = Probes(library)
        self.memories = Memories(library)
        self.meter = Meter(library)
        self.running, self.utilised = Running(library), Utilised(library)
