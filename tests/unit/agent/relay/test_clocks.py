from agent.relay.clocks import Clocks
from agent.relay.parcel import Clock
from tests.build.parcels import MACHINE, frame, kept, parcel


def test_each_boot_is_told_with_the_time_that_passed_here() -> None:
    clocks = Clocks(MACHINE)
    clocks.note(Clock("b1", 1_000, 100, 10), "c1")
    clocks.note(Clock("b2", 2_000, 200, 20), "c2")
    both = [kept(1, parcel(frame(1))), kept(2, parcel(frame(1, boot="b2")))]
    assert clocks.header(both, 50) == "b1 1040 140,b2 2030 230"
    assert clocks.header(both[:1], 50) == "b1 1040 140"


def test_after_a_restart_what_came_with_the_frames_is_told() -> None:
    waiting = kept(1, parcel(frame(1), clock=Clock("b1", 1_000, 100, 10)))
    assert Clocks(MACHINE).header([waiting], 30) == "b1 1020 120"


def test_across_a_start_of_the_machine_nobody_knows_how_long_it_was() -> None:
    waiting = kept(1, parcel(frame(1), clock=Clock("b1", 1_000, 100, 10)), "another machine1")
    assert Clocks(MACHINE).header([waiting], 30) == ""


def test_nobody_sets_the_clock_of_anothers_boot() -> None:
    clocks = Clocks(MACHINE)
    clocks.note(Clock("b1", 1_000, 100, 10), "c1")
    clocks.note(Clock("b1", 9_000, 900, 10), "thief")
    assert clocks.header([kept(1, parcel(frame(1)))], 10) == "b1 1000 100"
    clocks.note(Clock("b1", 1_500, 150, 20), "c1")
    assert clocks.header([kept(1, parcel(frame(1)))], 20) == "b1 1500 150"
