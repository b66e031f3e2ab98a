"""Errors by class, counted and told."""

import pytest

from agent.gpu.xid import APPLICATION, HARDWARE, Tally, Xid, event


@pytest.mark.parametrize("code", [8, 13, 31, 43, 45, 68, 109])
def test_what_a_program_causes_is_no_alarm(code: int) -> None:
    assert event(code).code == "gpu_xid"


@pytest.mark.parametrize("code", [48, 62, 63, 64, 74, 79, 94, 95, 119, 120, 140, 9999])
def test_all_else_is_the_hardware_as_an_unknown_code_may_be(code: int) -> None:
    assert event(code).code == "gpu_xid_hardware"


def test_no_code_is_of_both_classes() -> None:
    assert not APPLICATION.keys() & HARDWARE.keys()


def test_a_storm_is_counted_whole_and_told_once_a_turn() -> None:
    tally = Tally()
    told = tally.add([Xid("a", 31, 5)] * 1000 + [Xid("a", 79, 6), Xid("b", 31, 7)])
    assert [(h.keys["gpu"], h.keys["xid"], h.time, h.detail) for h in told] == [
        ("a", "31", 5, "XID 31: GPU memory page fault, 1000 times"),
        ("a", "79", 6, "XID 79: GPU has fallen off the bus"),
        ("b", "31", 7, "XID 31: GPU memory page fault"),
    ]
    tally.add([Xid("a", 31, 8)])
    assert tally.counts == {("a", 31): 1001, ("a", 79): 1, ("b", 31): 1}
    assert tally.totals() == {"a": 1002, "b": 1}
