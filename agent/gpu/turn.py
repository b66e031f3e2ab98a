"""One turn of all GPUs: step by step, each for all of them.

The other way round, GPU by GPU, costs a third more: the processor then forgets each step before
it comes to it again.
"""

from collections.abc import Callable, Iterable
from functools import partial

from agent.gpu.board import Board
from agent.gpu.instruments import Instruments
from agent.gpu.library import Lost, Over
from agent.gpu.probe import Probe
from agent.gpu.processes import Jobs
from vigie.catalogue import Gpu
from vigie.shape import Field


def read(
    boards: Iterable[Board], instruments: Instruments, now: int, jobs: Jobs | None, *, active: bool
) -> None:
    """Leaves what was found in `seen` of each board, or why it is lost in `gone`.

    `jobs` is None where the driver's process numbers are not ours; `active` is whether the
    activity counters may be read.
    """
    left = _step(list(boards), partial(Board.read_fields, now=now))
    probes = instruments.probes
    for of, probe in (
        (Gpu.temperature_celsius, probes.temperature),
        (Gpu.temperature_margin_celsius, probes.margin),
        (Gpu.sm_clock_hertz, probes.sm_clock),
        (Gpu.memory_clock_hertz, probes.memory_clock),
        (Gpu.throttle_reasons, probes.reasons),
        (Gpu.fabric_state, probes.fabric),
        (Gpu.mig_enabled, probes.mig),
        (Gpu.utilization_ratio, probes.utilization),
    ):
        left = _asked(left, of, probe, now)
    left = _step(left, partial(Board.read_rest, now=now))
    left = _step(left, partial(Board.read_activity, now=now, active=active))
    if jobs is not None:
        left = _step(left, partial(Board.read_processes, now=now, jobs=jobs))
    for board in left:
        row = board.seen.row
        row[Gpu.up] = any(value is not None for value in row.values())


def _step(boards: list[Board], step: Callable[[Board], None]) -> list[Board]:
    """The boards that are left after a step of their own."""
    for board in boards:
        try:
            step(board)
        except (Lost, Over) as gone:
            board.gone = str(gone)
    return [board for board in boards if not board.gone]


def _asked(boards: list[Board], of: Field, probe: Probe, now: int) -> list[Board]:
    """The boards that are left after a probe; what its first call does not answer, it asks anew."""
    if probe.first is None:
        return boards
    function, arguments, cells, at, factor, high = probe.first
    for board in boards:
        if (board.refusals and probe in board.refusals) or function(board.handle, *arguments):
            try:
                board.seen.row[of] = probe.read(board.handle, now, board.refusals)
            except (Lost, Over) as gone:
                board.gone = str(gone)
        else:
            value = cells[at]
            board.seen.row[of] = value * factor if value <= high else None
    return [board for board in boards if not board.gone]
