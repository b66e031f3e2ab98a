import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.fragments import keeper as module
from agent.fragments.keeper import Keeper, Keeping, file_name, mark, next_walk
from agent.fragments.ship import Sender
from agent.fragments.walk import Walk
from tests.build.trees import PATTERN, objects
from vigie.errors import StoreDamaged
from vigie.fragments import Status
from vigie.settings import AgentSettings, FragmentStore, Upstream

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    root = tmp_path / "d1"
    objects(root, 10)
    secret = tmp_path / "key"
    secret.write_text("5a" * 32)
    store = FragmentStore("pool", (root,), pattern=PATTERN, k=2, n=3)
    return AgentSettings(
        data=tmp_path / "data", container="site/c1", host="h1", fragments=(store,),
        fragment_key=secret, upstreams=(Upstream(NOWHERE),),
    )  # fmt: skip


@pytest.fixture
def keep(settings: AgentSettings) -> Iterator[Callable[..., Keeper]]:
    """Starts keepers, and ends them after the test."""
    started: list[Keeper] = []

    def start(told: AgentSettings = settings) -> Keeper:
        keeper = Keeper(told, told.fragments[0])
        started.append(keeper)
        keeper.start(5.0)
        return keeper

    yield start
    for keeper in started:
        keeper.close()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("keep-")]


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for what threads are about to do."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.01)


def kept(keeper: Keeper) -> Keeping:
    """What it works with."""
    keeping = keeper.keeping
    assert keeping is not None
    return keeping


def walked(keeper: Keeper) -> bool:
    return keeper.keeping is not None and bool(keeper.keeping.report.ended)


def test_a_store_is_walked_and_its_fragments_are_known(keep: Callable[..., Keeper]) -> None:
    keeper = keep()
    until(lambda: walked(keeper))
    assert (keeper.trouble, keeper.elsewhere) == ("", False)
    assert kept(keeper).inventory.total == 30
    assert len(kept(keeper).scrubs) == len(kept(keeper).senders) == 1


def test_a_second_one_leaves_it_alone(keep: Callable[..., Keeper]) -> None:
    first = keep()
    until(lambda: walked(first))
    second = keep()
    assert (second.keeping, second.elsewhere, second.trouble) == (None, True, "")


def test_what_was_found_is_there_after_a_restart(keep: Callable[..., Keeper]) -> None:
    first = keep()
    until(lambda: walked(first))
    epoch = kept(first).inventory.epoch
    first.close()
    assert first.keeping is None
    second = keep()
    assert kept(second).inventory.epoch == epoch
    assert kept(second).report.ended > 0
    assert not Walk.cut(kept(second).inventory), "a walk was begun though none is due"


def test_without_a_key_nothing_is_kept_and_it_says_so(
    keep: Callable[..., Keeper], settings: AgentSettings
) -> None:
    keeper = keep(replace(settings, fragment_key=None))
    assert "no key for the names of objects" in keeper.trouble
    assert keeper.keeping is None
    assert not keeper.path.exists()


def test_without_a_container_nothing_is_kept_and_it_says_so(
    keep: Callable[..., Keeper], settings: AgentSettings
) -> None:
    assert "agent.container" in keep(replace(settings, container="")).trouble


def test_a_damaged_inventory_is_put_aside_and_walked_anew(keep: Callable[..., Keeper]) -> None:
    first = keep()
    until(lambda: walked(first))
    first.close()
    first.path.write_bytes(b"no database at all" * 999)
    second = keep()
    until(lambda: walked(second))
    assert kept(second).inventory.total == 30
    aside = kept(second).inventory.set_aside
    assert aside is not None
    assert aside.exists()


def test_damage_that_shows_while_it_works_opens_it_anew(
    keep: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_AFTER_SECONDS", 0.01)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    broken = threading.Event()

    def step(_: object) -> float:
        if not broken.is_set():
            broken.set()
            raise StoreDamaged("malformed")
        return 60.0

    monkeypatch.setattr(Sender, "step", step)
    keeper = keep()
    first = keeper.keeping
    until(lambda: broken.is_set() and keeper.keeping and keeper.keeping is not first)
    until(lambda: walked(keeper))


def test_an_epoch_that_an_upstream_has_ended_begins_anew(
    keep: Callable[..., Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_AFTER_SECONDS", 0.05)
    keeper = keep()
    until(lambda: walked(keeper))
    epoch = kept(keeper).inventory.epoch
    kept(keeper).senders[0].ended = True
    until(lambda: keeper.keeping and keeper.keeping.inventory.epoch != epoch)
    until(lambda: walked(keeper))
    assert kept(keeper).inventory.total == 30


def test_rot_is_found_by_the_scrub(
    keep: Callable[..., Keeper], settings: AgentSettings, tmp_path: Path
) -> None:
    made = objects(tmp_path / "d1", 10, sums=True)
    made[3].write_bytes(b"something else")
    store = replace(settings.fragments[0], sums="sidecar", settle=0.0)
    keeper = keep(replace(settings, fragments=(store,)))
    until(lambda: walked(keeper))
    kept(keeper).scrubs[0].turn()
    assert kept(keeper).inventory.damaged()[Status.CORRUPT] == 1
    assert kept(keeper).inventory.counters["verified"] == 30
    assert kept(keeper).inventory.counters["unrecognized"] == 0


def test_a_walk_comes_before_the_period_has_passed_and_not_all_at_once() -> None:
    assert next_walk(1_000.0, 100.0, 0.0) == 1_080
    assert next_walk(1_000.0, 100.0, 1.0) == 1_100


def test_two_stores_share_no_file() -> None:
    assert file_name("a b") != file_name("a-b")
    assert "/" not in file_name("../../etc/passwd")


def test_an_inventory_depends_on_key_and_layout_and_on_nothing_else() -> None:
    store = FragmentStore("pool", (), k=2, n=3)
    same = mark(store, b"k" * 32)
    assert same == mark(replace(store, walk=1.0, scrub_rate=5), b"k" * 32)
    others = [
        mark(store, b"x" * 32), mark(replace(store, n=4), b"k" * 32),
        mark(replace(store, pattern=PATTERN), b"k" * 32),
        mark(replace(store, reader="tahoe"), b"k" * 32), mark(replace(store, name="p"), b"k" * 32),
    ]  # fmt: skip
    assert len({same, *others}) == 6
    tahoe = replace(store, reader="tahoe")
    assert mark(tahoe, b"k" * 32) == mark(replace(tahoe, k=1), b"k" * 32)


def test_a_credential_that_comes_later_is_taken(
    keep: Callable[..., Keeper], settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    keeper = keep(replace(settings, container=""))
    assert keeper.keeping is None
    told = {"url": NOWHERE, "token": "t", "container": "site/c9/h1"}
    (settings.data / "agent").mkdir(parents=True, exist_ok=True)
    (settings.data / "agent" / "credential").write_text(json.dumps(told))
    until(lambda: keeper.keeping is not None)
    assert (kept(keeper).who.host, kept(keeper).who.container) == ("h1", "site/c9")
