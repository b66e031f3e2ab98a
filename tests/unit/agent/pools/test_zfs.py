"""ZFS pools, from JSON and from the text of older versions."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.pools import zfs
from agent.pools.state import PoolState
from tests.house import ROOT

FIXTURES = ROOT / "tests/fixtures/pools"
TERA = 10**12


def told(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / name).read_text())
    return found


def text() -> list[PoolState]:
    sizes = zfs.sizes_of_text((FIXTURES / "zpool_list.txt").read_text())
    return zfs.pools_of_text((FIXTURES / "zpool_status.txt").read_text(), sizes)


def test_a_healthy_pool_with_the_end_of_its_last_scrub() -> None:
    assert zfs.pools(told("zpool_healthy.json")) == [
        PoolState(
            "tank", "zfs", "online", devices=5, failed=0, read_errors=0, write_errors=0,
            checksum_errors=0, activity="idle", scrubbed=1_795_010_000, size=16 * TERA,
            allocated=5 * TERA,
        )
    ]  # fmt: skip


def test_logs_count_as_disks_and_caches_and_spares_do_not() -> None:
    document = told("zpool_healthy.json")
    del document["pools"]["tank"]["logs"]
    assert zfs.pools(document)[0].devices == 4


def test_a_degraded_pool_that_is_being_rebuilt() -> None:
    tank, fresh = zfs.pools(told("zpool_degraded.json"))
    assert tank.status == "degraded"
    assert (tank.devices, tank.failed) == (3, 1)
    assert (tank.read_errors, tank.write_errors, tank.checksum_errors) == (12, 3, 5)
    assert (tank.activity, tank.progress) == ("rebuild", 0.25)  # 1 of 8 less 4 skipped
    assert tank.scrubbed is None, "the last scan was no scrub"
    assert (fresh.status, fresh.devices, fresh.activity) == ("online", 2, "idle")


def test_disks_that_zfs_refuses_are_named_as_the_kernel_does() -> None:
    assert zfs.refused(told("zpool_degraded.json")) == {"sdb1"}
    assert zfs.refused(told("zpool_healthy.json")) == frozenset()


def test_the_text_of_older_versions_says_the_same() -> None:
    tank, old = text()
    assert tank == PoolState(
        "tank", "zfs", "online", devices=3, failed=0, read_errors=0, write_errors=0,
        checksum_errors=2, activity="idle", scrubbed=1_794_109_012,
        size=3_985_729_650_688, allocated=1_099_511_627_776,
    )  # fmt: skip
    assert (old.status, old.devices, old.failed) == ("degraded", 3, 1)
    assert (old.read_errors, old.write_errors) == (3, 1)
    assert old.activity == "scrub"
    assert old.progress is not None
    assert round(old.progress, 4) == 0.2441


def test_every_state_of_a_pool_has_a_word() -> None:
    document = told("zpool_healthy.json")
    words = {}
    for state in ("ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED"):
        document["pools"]["tank"]["state"] = state
        words[state] = zfs.pools(document)[0].status
    assert set(words.values()) == {
        "online", "degraded", "faulted", "offline", "unavailable", "removed", "suspended",
    }  # fmt: skip
    document["pools"]["tank"]["state"] = "DREAMING"
    assert zfs.pools(document)[0].status is None


def test_the_kernel_alone_tells_the_status(tmp_path: Path) -> None:
    for name, state in (("tank", "SUSPENDED"), ("old", "ONLINE")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state").write_text(state + "\n")
    (tmp_path / "arcstats").write_text("")
    assert zfs.by_kernel(tmp_path) == [
        PoolState("old", "zfs", "online"), PoolState("tank", "zfs", "suspended"),
    ]  # fmt: skip
    assert zfs.by_kernel(tmp_path / "none") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("ONLINE"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "vdevs", "tank", "state", "scan_stats", "issued"]),
                      inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.just("pools"), st.dictionaries(st.text(max_size=4), JSON, max_size=3)))
def test_no_document_crashes_the_parser(document: dict[str, Any]) -> None:
    zfs.pools(document)
    zfs.refused(document)


LINES = (
    "  pool: a\n", " state: ONLINE\n", "config:\n", "\n", "\tNAME STATE READ\n", "\ta ONLINE 0\n",
    "\t  b X 1 2 3\n", "\tlogs\n", "  scan: scrub repaired 0 on Foo\n", "errors: none\n",
)  # fmt: skip


@given(st.text(max_size=300) | st.lists(st.sampled_from(LINES)).map("".join))
def test_no_text_crashes_the_parser(status: str) -> None:
    zfs.pools_of_text(status, {})
    zfs.sizes_of_text(status)
