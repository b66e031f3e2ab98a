"""Rules on what the twin does not play: what is read or happens, and who is told."""

from pathlib import Path

from tests.build.alarm import START, Story
from tests.house import ROOT
from vigie.catalogue import DiskIo, Environment, Filesystem, Grid, Job, Margin, Source

DAY = 86_400.0


def fired(story: Story) -> list[tuple[int, str]]:
    """When somebody was told that something fires, and which rule."""
    return [(second, rule) for second, state, rule in story.told if state == "firing"]


def grown(story: Story, until: str, per_second: float) -> None:
    """A disk is at work for such a share of each second until a time."""
    end = START + 60 * float(until.removesuffix("min"))
    while story.now < end:
        busy = per_second * (story.now - START)
        story.reads(DiskIo, device="sda", io_time_seconds_total=busy)
        story.until(f"{story.now - START + story.step:.0f}s")


def test_a_disk_that_is_never_idle_for_an_hour_is_told_and_a_busy_one_is_not(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.step = 120.0
    grown(story, "80min", 0.995)
    assert [rule for _, rule in fired(story)] == ["disk_saturated"]
    assert fired(story)[0][0] >= 45 * 60, "half an hour of measuring, half an hour of waiting"
    (tmp_path / "other").mkdir()
    other = Story(tmp_path / "other")
    other.step = 120.0
    grown(other, "80min", 0.9)
    assert other.told == []


def test_a_job_that_holds_a_board_and_computes_nothing_is_told_after_two_hours(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.step = 300.0
    for gpu, job, busy in (("gpu-a", "17", 0.0), ("gpu-b", "18", 0.4)):
        story.reads(Job, gpu=gpu, scheduler="slurm", job=job, gpu_memory_bytes=4e10,
                    sm_utilization_ratio=busy)  # fmt: skip
    story.until("140min")
    assert [rule for _, rule in fired(story)] == ["job_idle"]
    assert story.alert("job_idle").subject.keys[-1] == "17"


def test_a_processor_near_its_makers_limit_is_told_with_how_long_there_is(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 30.0
    for half in range(40):
        story.reads(Environment, sensor="cpu0", place="processor", limit_celsius=95.0,
                    temperature_celsius=75.0 + half / 2)  # fmt: skip
        story.until(f"{30 * (half + 1)}s")
    assert [rule for _, rule in fired(story)] == ["temperature_near_limit"]
    assert story.alert("temperature_near_limit").outlook is not None


def test_a_file_system_without_inodes_is_told_though_it_has_room(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 30.0
    story.reads(Filesystem, mount="/var", size_bytes=10**12, available_bytes=8 * 10**11,
                inodes_total=10**6, inodes_available=10**4, read_only=False)  # fmt: skip
    story.until("10min")
    assert [rule for _, rule in fired(story)] == ["filesystem_inodes"]


def test_the_grids_intensity_that_no_longer_comes_is_told_until_it_does(tmp_path: Path) -> None:
    text = (ROOT / "alerts/rules/carbon.toml").read_text("utf-8").partition("[[rule.test]]")[0]
    shorter = text.replace("age > 3h", "age > 9min").replace("age < 1h", "age < 3min")
    assert shorter != text
    story = Story(tmp_path, rules=shorter)
    story.step = 30.0  # after a longer pause nobody was listening, and that is no silence
    story.reads(Grid, zone="FR", host="none", every="15min", carbon_grams_per_joule=1e-5)
    story.until("1min")
    story.falls_silent(Grid)
    story.until("8min")
    assert story.told == []
    story.until("11min")
    assert [rule for _, rule in fired(story)] == ["grid_silent"]
    story.reads(Grid, zone="FR", host="none", every="15min", carbon_grams_per_joule=1e-5)
    story.until("13min")
    assert story.told[-1][1:] == ("resolved", "grid_silent")


def test_objects_that_are_gone_everywhere_are_told_after_half_a_day(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 600.0
    story.reads(Margin, store="archives", scheme="6-of-10", objects_count=10**4, lost_count=0,
                bare_count=0, thin_count=0, vanished_count=3, least_margin=3,
                spare_count=4, every="1min")  # fmt: skip
    story.until("11h")
    assert story.told == []
    story.until("13h")
    assert [rule for _, rule in fired(story)] == ["objects_vanished"]


def test_two_agents_of_one_name_and_readings_of_last_year_are_told_once_each(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.step = 10.0
    story.reads(Source, source="agent", status="ok")
    story.until("10s")
    for _ in range(3):
        story.store.happens("identity_reused", story.now, story.now, detail="boot 1, frame 7")
    hour = story.now - 300 * DAY
    story.store.happens("too_late", hour, story.now, detail="power: 12 rows of this hour")
    story.until("2min")
    assert sorted(rule for _, rule in fired(story)) == ["identity_reused", "readings_too_late"]
