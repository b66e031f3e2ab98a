"""md arrays, from the text for people and from what sysfs knows better."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pools import md
from agent.pools.md import Attributes
from agent.pools.state import PoolState
from tests.house import ROOT

FIXTURES = ROOT / "tests/fixtures/pools"
HEALTHY = (FIXTURES / "mdstat_healthy.txt").read_text()
DEGRADED = (FIXTURES / "mdstat_degraded.txt").read_text()


def pools(mdstat: str) -> dict[str, PoolState]:
    return {name: md.pool(mdstat, name, Attributes()) for name in md.names(mdstat)}


def test_healthy_arrays_one_of_which_is_checked() -> None:
    found = pools(HEALTHY)
    assert list(found) == ["md0", "md127"]
    md0 = found["md0"]
    assert (md0.status, md0.devices, md0.failed, md0.activity) == ("online", 2, 0, "idle")
    assert found["md127"].activity == "scrub"
    assert found["md127"].progress == pytest.approx(0.265)


def test_a_degraded_array_that_is_being_rebuilt() -> None:
    md0 = pools(DEGRADED)["md0"]
    assert (md0.status, md0.devices, md0.failed) == ("degraded", 2, 1)
    assert md0.activity == "rebuild"
    assert md0.progress == pytest.approx(0.021)


def test_an_array_that_lost_more_than_it_can() -> None:
    assert pools(DEGRADED)["md1"].status == "faulted"


def test_an_array_that_did_not_start_and_one_without_redundancy() -> None:
    found = pools(DEGRADED)
    assert found["md2"].status == "offline"
    assert found["md3"].status == "online"
    assert found["md3"].failed is None


@pytest.mark.parametrize(
    ("level", "disks", "failed", "status"),
    [
        ("raid1", 2, 1, "degraded"), ("raid1", 2, 2, "faulted"), ("raid5", 4, 1, "degraded"),
        ("raid5", 4, 2, "faulted"), ("raid6", 6, 2, "degraded"), ("raid6", 6, 3, "faulted"),
        ("raid0", 2, 1, "faulted"), ("raid10", 4, 2, "degraded"),
    ],
)  # fmt: skip
def test_how_much_a_level_can_lose(level: str, disks: int, failed: int, status: str) -> None:
    texts = {"array_state": "clean", "level": level, "raid_disks": f"{disks}",
             "degraded": f"{failed}"}  # fmt: skip
    assert md.pool("", "md0", Attributes(texts)).status == status


@pytest.mark.parametrize(
    ("state", "status"),
    [("clean", "online"), ("active", "online"), ("write-pending", "online"),
     ("read-auto", "online"), ("readonly", "online"), ("inactive", "offline"),
     ("clear", "offline"), ("suspended", "suspended"), ("broken", "faulted")],
)  # fmt: skip
def test_every_state_of_an_array_has_a_word(state: str, status: str) -> None:
    assert md.pool("", "md0", Attributes({"array_state": state})).status == status


@pytest.mark.parametrize(
    ("action", "activity"),
    [("idle", "idle"), ("frozen", "idle"), ("check", "scrub"), ("repair", "scrub"),
     ("resync", "rebuild"), ("recover", "rebuild"), ("reshape", "reshape"), ("else", None)],
)  # fmt: skip
def test_every_action_has_a_word(action: str, activity: str | None) -> None:
    assert md.pool("", "md0", Attributes({"sync_action": action})).activity == activity


def test_sysfs_knows_better(tmp_path: Path) -> None:
    folder = tmp_path / "md127/md"
    for name, text in {
        "array_state": "active", "level": "raid6", "raid_disks": "4", "degraded": "1",
        "sync_action": "check", "sync_completed": "1000 / 4000", "mismatch_cnt": "16",
        "dev-sdc1/state": "in_sync", "dev-sdc1/errors": "3", "dev-sdd1/state": "faulty",
        "dev-sdd1/errors": "40",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n")
    (tmp_path / "md127/size").write_text("15627540480\n")
    found = md.pool(HEALTHY, "md127", md.attributes(tmp_path, "md127"))
    assert found == PoolState(
        "md127", "md", "degraded", devices=4, failed=1, read_errors=43, checksum_errors=16,
        activity="scrub", progress=0.25, size=15_627_540_480 * 512,
    )  # fmt: skip


def test_a_machine_without_arrays() -> None:
    assert md.names("Personalities : \nunused devices: <none>\n") == []


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(md.ATTRIBUTES), st.text(max_size=9)))
def test_no_text_crashes_the_parser(mdstat: str, texts: dict[str, str]) -> None:
    for name in (*md.names(mdstat), "md0"):
        md.pool(f"md0 : active raid1 {mdstat}", name, Attributes(texts))
