"""Power of the machine in what ipmitool prints."""

from pathlib import Path

from agent.ipmi.dcmi import Mean, Reading, parse

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ipmi"


def printed(name: str) -> Reading:
    reading = parse((FIXTURES / f"{name}.txt").read_text())
    assert reading is not None
    return reading


def test_a_reading_and_its_statistics() -> None:
    assert printed("power") == Reading(active=True, now=312, most=488, mean=300, seconds=30)


def test_the_mean_counts_when_it_is_of_the_period_or_less() -> None:
    assert printed("power").over(60) == Mean(300, 30, 488)
    assert printed("power").over(30) == Mean(300, 30, 488)


def test_a_mean_of_more_than_the_period_says_nothing_of_it() -> None:
    assert printed("power").over(20) == Mean(312, 0, None)
    assert printed("power-weeks").over(60) == Mean(312, 0, None)


def test_a_sampling_period_of_nothing_has_no_mean() -> None:
    assert Reading(active=True, now=312, most=1, mean=1, seconds=0).over(60) == Mean(312, 0, None)


def test_what_is_not_active_is_not_known() -> None:
    reading = printed("power-off")
    assert (reading.active, reading.now, reading.mean) == (False, None, None)


def test_zero_watts_of_a_machine_that_runs_are_not_known() -> None:
    assert printed("power-zero").over(60) == Mean(None, 0, None)


def test_the_largest_number_there_is_stands_for_unknown() -> None:
    text = (FIXTURES / "power.txt").read_text().replace("  312 Watts", "65535 Watts")
    reading = parse(text)
    assert reading is not None
    assert reading.now is None


def test_the_older_layout_with_a_line_for_each_number() -> None:
    text = (FIXTURES / "power.txt").read_text().replace("UTC", "UTC\n")
    assert parse(text) == printed("power")


def test_no_reading_in_something_else() -> None:
    assert parse("") is None
    assert parse("    A valid DCMI command was not returned! (0)") is None
