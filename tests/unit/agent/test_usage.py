"""What all processes of the agent take together."""

import os
from pathlib import Path

import pytest

from agent.apart import Apart
from agent.usage import Usage
from tests.build.hanging import Lonely

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def process(proc: Path, pid: int | str, ticks: tuple[int, ...], pages: tuple[int, int]) -> None:
    """A process of that use, whose name is made to mislead."""
    (proc / str(pid)).mkdir()
    spent = " ".join(map(str, ticks))
    stat = f"{pid} (py) 9 (x) S 1 1 1 0 -1 0 0 0 0 0 {spent} 20 0 1 0\n"
    (proc / str(pid) / "stat").write_text(stat)
    (proc / str(pid) / "statm").write_text(f"9000 {pages[0]} {pages[1]} 1 0 800 0\n")


def own() -> float:
    return sum(os.times()[:4])


def test_living_children_are_counted_with_what_they_ended(tmp_path: Path) -> None:
    process(tmp_path, 7, (300, 100, 50, 50), (1, 1))
    before = own()
    spent = Usage(tmp_path).cpu_seconds([7])
    assert before + 500 / TICKS <= spent <= own() + 500 / TICKS


def test_it_does_not_fall_when_a_child_is_gone(tmp_path: Path) -> None:
    process(tmp_path, 7, (300, 100, 50, 50), (1, 1))
    usage = Usage(tmp_path)
    before = usage.cpu_seconds([7])
    assert usage.cpu_seconds([8]) == before


def test_memory_counts_what_is_shared_once(tmp_path: Path) -> None:
    process(tmp_path, "self", (0, 0, 0, 0), (1000, 300))
    process(tmp_path, 7, (0, 0, 0, 0), (500, 200))
    assert Usage(tmp_path).memory_bytes([7, 8]) == 1300 * PAGE


def test_without_proc_memory_is_unknown(tmp_path: Path) -> None:
    assert Usage(tmp_path).memory_bytes([]) is None


def test_the_process_of_a_source_is_counted_while_it_lives_and_after() -> None:
    usage, source = Usage(), Apart(Lonely("burn"))
    source.open()
    before, own_before = usage.cpu_seconds(source.pids), own()
    source.read(0)
    spent = usage.cpu_seconds(source.pids)
    assert spent - before >= 0.15 + (own() - own_before) / 2
    assert (usage.memory_bytes(source.pids) or 0) > (usage.memory_bytes([]) or 0) + 10**6
    source.close()
    assert usage.cpu_seconds(source.pids) >= spent


def test_this_process_is_known() -> None:
    usage = Usage()
    assert (usage.memory_bytes([]) or 0) > 10**6
    assert usage.cpu_seconds([]) == pytest.approx(own(), abs=1.0)
