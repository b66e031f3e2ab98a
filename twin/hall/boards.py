"""What GPU boards draw and hold, by the name that a network declares.

Idle, limit and memory are those of the makers' data sheets, in round figures; what no sheet says
(a board that is announced) is that of its nearest relative.
"""

from dataclasses import dataclass
from typing import Final

GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Board:
    """One model: watts at rest and at its limit, bytes of memory, clocks in Hz, kelvins a watt."""

    name: str
    idle_watts: float
    limit_watts: float
    memory_bytes: int
    low_hertz: float
    high_hertz: float
    memory_hertz: float
    kelvin_per_watt: float = 0.045
    """From the coolant at the board to its core, the cooler included."""
    boost: float = 1.06
    """The most it draws for an instant, as a share of its limit."""


BOARDS: Final = (
    Board("GB300", 140, 1_400, 279 * GIB, 345e6, 2_070e6, 4_000e6, 0.022),
    Board("GB200", 120, 1_200, 186 * GIB, 345e6, 2_062e6, 4_000e6, 0.024),
    Board("B300", 140, 1_100, 279 * GIB, 345e6, 2_070e6, 4_000e6, 0.028),
    Board("B200", 120, 1_000, 180 * GIB, 345e6, 1_965e6, 4_000e6, 0.030),
    Board("H200", 75, 700, 141 * GIB, 345e6, 1_980e6, 3_201e6),
    Board("H100", 70, 700, 80 * GIB, 345e6, 1_980e6, 2_619e6),
    Board("A100", 55, 400, 80 * GIB, 210e6, 1_410e6, 1_593e6, 0.085),
    Board("L40S", 35, 350, 45 * GIB, 210e6, 2_520e6, 9_001e6, 0.105),
    Board("L4", 16, 72, 23 * GIB, 210e6, 2_040e6, 6_251e6, 0.45),
    Board("RTX PRO 6000", 25, 600, 96 * GIB, 180e6, 2_617e6, 14_001e6, 0.065),
    Board("RTX", 20, 300, 48 * GIB, 210e6, 2_505e6, 9_001e6, 0.12),
)
USUAL: Final = next(board for board in BOARDS if board.name == "H100")
"""Of a container whose GPUs nobody named."""


def board(model: str) -> Board:
    """The board whose name a declared model contains, else the usual one."""
    words = model.upper()
    return next((known for known in BOARDS if known.name in words), USUAL)
