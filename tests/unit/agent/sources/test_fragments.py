import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.fragments.scrub import Standing
from agent.fragments.stand import Stand, damage, rows
from agent.fragments.tally import Summary
from agent.fragments.walk import Report
from agent.source import Found, fault
from agent.sources.fragments import FragmentsKeeper
from tests.build.trees import PATTERN, objects
from vigie.catalogue import FRAGMENTS_DAMAGED, Fragments
from vigie.errors import Absent, SourceFailed
from vigie.fragments import Scheme, Status
from vigie.settings import AgentSettings, FragmentStore, Upstream
from vigie.shape import Field, Value

NOW = 1_700_000_000
STORE = FragmentStore("pool", (Path("/srv/d1"), Path("/srv/d2")), k=2, n=3, scrub_rate=1_000)
COUNTS = dict.fromkeys(set(Status) - {Status.GONE}, 0) | {Status.OK: 7, Status.CORRUPT: 2}
STAND = Stand(
    {Scheme(2, 3): Summary(COUNTS, 900, 7_200.0, 3_600.0)}, {"added": 9, "verify_errors": 2},
    Report(NOW - 60.0, {}), 5.0, 3,
    (Standing("waiting", 0.5), Standing("running", 0.1)),
)  # fmt: skip


def test_a_row_says_how_a_store_stands() -> None:
    (row,) = rows(STORE, STAND, NOW)
    expected: dict[Field, Value] = {
        Fragments.store: "pool",
        Fragments.scheme: "2-of-3",
        Fragments.fragments_count: 9,
        Fragments.size_bytes: 900,
        Fragments.ok_count: 7,
        Fragments.corrupt_count: 2,
        Fragments.verify_errors_total: 2,
        Fragments.verified_total: 0,
        Fragments.verified_age_max_seconds: 7_200.0,
        Fragments.verified_age_median_seconds: 3_600.0,
        Fragments.presence_age_seconds: 60.0,
        Fragments.added_total: 9,
        Fragments.scrub_progress_ratio: 0.3,
        Fragments.scrub_limit_bytes_per_second: 2_000,
        Fragments.scrub_state: Fragments.scrub_state.codes.index("running"),
        Fragments.inventory_age_seconds: 5.0,
        Fragments.inventory_pending_count: 3,
    }
    assert {field: row[field] for field in expected} == expected


def test_before_the_first_walk_has_ended_nobody_knows_how_many_there_are() -> None:
    (row,) = rows(STORE, replace(STAND, report=Report()), NOW)
    for field in (Fragments.fragments_count, Fragments.ok_count, Fragments.presence_age_seconds):
        assert row.get(field) is None


def test_what_is_of_the_whole_store_is_told_once() -> None:
    summary = STAND.schemes[Scheme(2, 3)]
    two = replace(STAND, schemes={Scheme(2, 3): summary, Scheme(4, 6): summary})
    first, second = rows(STORE, two, NOW)
    assert first[Fragments.added_total] == 9
    assert Fragments.added_total not in second
    assert second[Fragments.fragments_count] == 9


def test_who_only_glances_does_not_know_of_the_scrub() -> None:
    (row,) = rows(STORE, replace(STAND, scrubs=()), NOW)
    assert row.get(Fragments.scrub_state) is None


def test_damage_is_told_as_what_is_more_than_before() -> None:
    now = {Status.CORRUPT: 5, Status.MISSING: 1, Status.UNREADABLE: 2}
    assert (
        damage({"CORRUPT": 2, "UNREADABLE": 2}, now) == "3 corrupt (5 in all), 1 missing (1 in all)"
    )
    assert damage({"CORRUPT": 6, "MISSING": 1, "UNREADABLE": 2}, now) == ""


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    root = tmp_path / "d1"
    objects(root, 10)
    secret = tmp_path / "key"
    secret.write_text("5a" * 32)
    store = FragmentStore("pool", (root,), pattern=PATTERN, k=2, n=3)
    return AgentSettings(
        data=tmp_path / "data", container="site/c1", host="h1", fragments=(store,),
        fragment_key=secret, upstreams=(Upstream("http://127.0.0.1:1"),),
    )  # fmt: skip


@pytest.fixture
def source(settings: AgentSettings) -> Iterator[FragmentsKeeper]:
    made = FragmentsKeeper(settings)
    yield made
    made.close()


def after_walk(source: FragmentsKeeper) -> Found:
    """What it says once the first walk has ended."""
    for _ in range(500):
        found = source.read(NOW * 10**9)
        if found.columns and found.columns[Fragments.fragments_count][0] is not None:
            return found
        threading.Event().wait(0.01)
    raise AssertionError("the walk does not end")


def test_without_a_store_in_the_settings_it_is_absent() -> None:
    with pytest.raises(Absent, match=r"agent\.fragments"):
        FragmentsKeeper(AgentSettings()).open()


def test_it_says_what_lies_there_and_keeps_the_contract(source: FragmentsKeeper) -> None:
    source.open()
    found = after_walk(source)
    assert found.columns[Fragments.fragments_count] == [30]
    assert found.columns[Fragments.unverified_count] == [30]
    assert fault(found, source.measurements) is None
    assert found.happenings == []


def test_damage_is_told_once_and_not_again_after_a_restart(
    source: FragmentsKeeper, settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.fragments.keeper.next_walk", lambda *_: 0.0)
    source.open()
    after_walk(source)
    next(settings.fragments[0].roots[0].rglob("*.0")).unlink()
    until = time.monotonic() + 5
    while not (found := source.read(NOW * 10**9)).happenings:
        assert time.monotonic() < until
    (happening,) = found.happenings
    assert happening.code == FRAGMENTS_DAMAGED.code
    assert (happening.keys, happening.detail) == ({"store": "pool"}, "1 missing (1 in all)")
    assert fault(found, source.measurements) is None
    source.open()
    found = after_walk(source)
    assert found.columns[Fragments.missing_count] == [1]
    assert found.happenings == []


def test_a_second_agent_reads_what_the_first_one_knows(
    source: FragmentsKeeper, settings: AgentSettings
) -> None:
    source.open()
    after_walk(source)
    second = FragmentsKeeper(settings)
    second.open()
    assert after_walk(second).columns[Fragments.fragments_count] == [30]
    second.close()


def test_without_a_key_it_fails_and_says_why(settings: AgentSettings) -> None:
    source = FragmentsKeeper(replace(settings, fragment_key=None))
    source.open()
    with pytest.raises(SourceFailed, match="pool: no key for the names of objects"):
        source.read(NOW * 10**9)
    source.close()


def test_it_can_be_sent_to_a_process_of_its_own(source: FragmentsKeeper) -> None:
    again = pickle.loads(pickle.dumps(source))
    again.open()
    assert after_walk(again).columns[Fragments.fragments_count] == [30]
    again.close()


def test_every_root_is_declared_with_what_lets_it_be_read(source: FragmentsKeeper) -> None:
    root = str(source._settings.fragments[0].roots[0])
    (declared,) = [read for read in source.reads if read.path == root]
    assert "fragments.conf" in declared.grant
    assert "CAP_DAC_READ_SEARCH" in declared.right
