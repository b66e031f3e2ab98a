"""Stories of the rules on machines: what breaks, what somebody is told, and what nobody is."""

from pathlib import Path

from tests.build.alarm import CONTAINER, Story
from vigie.catalogue import Disk, Filesystem, Fragments, Gpu, Host, Link, Margin, Pool, Source
from vigie.shape import Value

GPUS = ("gpu-a", "gpu-b", "gpu-c", "gpu-d")
WELL: dict[str, Value] = {
    "up": True, "temperature_celsius": 60, "temperature_margin_celsius": 27, "power_watts": 600,
    "throttle_reasons": 0, "throttle_thermal_seconds_total": 0, "ecc_corrected_total": 3,
    "ecc_uncorrected_total": 0, "row_remap_pending": False, "row_remap_failed": False,
    "recovery_action": "none", "nvlink_errors_total": 2, "pcie_replays_total": 4,
    "fabric_state": "completed",
}  # fmt: skip
"""What a healthy board under load says."""


def board(story: Story, gpu: str, **more: Value) -> None:
    """From now on a board says this."""
    story.reads(Gpu, container=CONTAINER, every="10s", gpu=gpu, **(WELL | more))


def boards(story: Story, **more: Value) -> None:
    """All boards of a host."""
    for gpu in GPUS:
        board(story, gpu, **more)


def healthy(story: Story) -> None:
    """Everything of a host that works hard and is well."""
    boards(story)
    story.reads(Source, source="agent", status="ok", clock_offset_seconds=0.01, spool_frames=1)
    story.reads(
        Host, boot_time_seconds=1.79e9, cpu_count=64, load1=60, memory_total_bytes=2**40,
        memory_available_bytes=2**38, swap_used_bytes=2**30, network_errors_total=7,
        pressure_memory_seconds_total=3, pressure_io_seconds_total=90,
    )  # fmt: skip
    story.reads(
        Filesystem, mount="/", size_bytes=10**12, available_bytes=4 * 10**11, inodes_total=10**6,
        inodes_available=9 * 10**5, read_only=False,
    )  # fmt: skip
    story.reads(
        Disk, disk="wwn-1", smart_passed=True, health_ratio=0.7, health_reason="errors_found",
        temperature_celsius=41, endurance_used_ratio=0.4, spare_ratio=1, spare_threshold_ratio=0.1,
        crc_errors_total=5,
    )  # fmt: skip
    story.reads(
        Pool, pool="tank", kind="zfs", status="online", devices_failed_count=0,
        read_errors_total=0, write_errors_total=0, checksum_errors_total=0, activity="idle",
        scrub_age_seconds=2e6, size_bytes=10**12, allocated_bytes=6 * 10**11,
    )  # fmt: skip
    story.reads(
        Fragments, store="archives", scheme="6-of-10", fragments_count=10**5, corrupt_count=2,
        missing_count=1, unreadable_count=0, verified_age_max_seconds=8e6,
        presence_age_seconds=9_000, inventory_age_seconds=0,
    )  # fmt: skip
    story.reads(
        Margin, store="archives", scheme="6-of-10", objects_count=10**4, lost_count=0,
        bare_count=0, thin_count=0, vanished_count=0, least_margin=3, spare_count=4,
    )  # fmt: skip
    story.reads(
        Link, link="wan", peer="FR", up=True, transmit_bytes_total=0, receive_bytes_total=0,
        capacity_bytes_per_second=1.25e9,
    )  # fmt: skip


def test_a_host_that_works_hard_and_is_well_tells_nobody_anything(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 60
    healthy(story)
    story.until("45min")
    assert [alert.rule for alert in story.register.now()] == []


def test_a_board_that_needs_a_reset_is_one_message_whatever_else_it_says(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 15
    boards(story)
    story.until("1min")
    story.store.happens(
        "gpu_xid_hardware", story.now, story.now, host="host-1", gpu="gpu-a", xid="48",
        detail="XID 48: double bit ECC error",
    )  # fmt: skip
    board(
        story, "gpu-a", ecc_uncorrected_total=1, row_remap_pending=True,
        recovery_action="gpu_reset",
    )  # fmt: skip
    story.until("10min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "gpu_xid_reset")]
    standing = {alert.rule for alert in story.register.now()}
    assert standing >= {"gpu_recovery", "gpu_row_remap_pending"}, "held back, and visible"


def test_a_board_that_falls_off_the_bus_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 15
    boards(story)
    story.until("1min")
    story.reads(Gpu, gpu="gpu-b", up=False)
    story.until("5min")
    assert [(state, rule) for _, state, rule in story.told] == [("firing", "gpu_lost")]
    board(story, "gpu-b")
    story.until("10min")
    assert [state for _, state, _ in story.told] == ["firing", "resolved"]


def test_a_board_that_warms_up_says_in_how_long_it_is_slowed(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.step = 30
    for minute in range(24):
        board(story, "gpu-c", temperature_margin_celsius=26 - minute)
        story.until(f"{minute + 1}min")
    alert = story.alert("gpu_overheating")
    assert alert.outlook is not None
    assert alert.outlook.seconds is not None
    assert 60 < alert.outlook.seconds < 300, "two or three degrees are left, and one goes a minute"


def test_objects_without_margin_ask_for_somebody_and_thin_ones_wait_for_the_morning(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.step = 60
    story.reads(Margin, store="archives", scheme="6-of-10", thin_count=8, spare_count=4)
    story.until("40min")
    assert story.alert("objects_thin").priority == 3
    story.reads(
        Margin, store="archives", scheme="6-of-10", thin_count=3, bare_count=5, spare_count=4
    )  # fmt: skip
    story.until("50min")
    assert story.alert("objects_at_limit").priority == 2
    rules = [rule for _, _, rule in story.told]
    assert rules == ["objects_thin", "objects_at_limit"]
