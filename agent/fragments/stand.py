"""How the inventory of a store stands, as rows and happenings of the catalogue."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from agent.fragments.inventory import Inventory
from agent.fragments.keeper import Keeper
from agent.fragments.scrub import Standing
from agent.fragments.tally import Summary
from agent.fragments.walk import Report
from vigie import catalogue
from vigie.catalogue import Fragments
from vigie.errors import SourceFailed, StoreError
from vigie.fragments import Scheme, Status
from vigie.frame import Happening
from vigie.settings import FragmentStore
from vigie.shape import Field, Value

_TOLD: Final = "told"
"""Cursor under which is kept what damage people were told of."""
_STATES: Final = Fragments.scrub_state.codes
_COUNTS: Final = {
    Status.OK: Fragments.ok_count,
    Status.UNVERIFIED: Fragments.unverified_count,
    Status.CORRUPT: Fragments.corrupt_count,
    Status.MISSING: Fragments.missing_count,
    Status.UNREADABLE: Fragments.unreadable_count,
    Status.QUARANTINED: Fragments.quarantined_count,
}
_COUNTERS: Final = {
    "verified": Fragments.verified_total,
    "verified_bytes": Fragments.verified_bytes_total,
    "verify_errors": Fragments.verify_errors_total,
    "added": Fragments.added_total,
    "removed": Fragments.removed_total,
    "unrecognized": Fragments.unrecognized_total,
}


@dataclass(frozen=True, slots=True)
class Stand:
    """How the inventory of one store stands; `scrubs` is empty where another process scrubs."""

    schemes: Mapping[Scheme, Summary]
    counters: Mapping[str, int]
    report: Report
    behind: float
    pending: int
    scrubs: Sequence[Standing] = ()


def rows(store: FragmentStore, of_store: Stand | None, now: float) -> list[dict[Field, Value]]:
    """The rows of one store at `now`, Unix seconds.

    What is of the whole store stands in its first row. How many there are is unknown until the
    first walk has come to its end.
    """
    if of_store is None:
        return []
    found: list[dict[Field, Value]] = []
    for scheme, of in of_store.schemes.items():
        row: dict[Field, Value] = {Fragments.store: store.name, Fragments.scheme: scheme.word}
        if of_store.report.ended:
            row[Fragments.fragments_count] = sum(of.counts.values())
            row[Fragments.size_bytes] = of.size
            row |= {field: of.counts[status] for status, field in _COUNTS.items()}
            row[Fragments.verified_age_max_seconds] = of.oldest
            row[Fragments.verified_age_median_seconds] = of.median
        found.append(row)
    if found:
        found[0] |= _whole(store, of_store, now)
    return found


def _whole(store: FragmentStore, of_store: Stand, now: float) -> dict[Field, Value]:
    row: dict[Field, Value] = {
        field: of_store.counters.get(name, 0) for name, field in _COUNTERS.items()
    }
    if of_store.report.ended:
        row[Fragments.presence_age_seconds] = max(0.0, now - of_store.report.ended)
    row[Fragments.inventory_age_seconds] = of_store.behind
    row[Fragments.inventory_pending_count] = of_store.pending
    if of_store.scrubs:
        states = {s.state for s in of_store.scrubs}
        word = next(w for w in ("running", "disk_busy", "waiting", "off") if w in states)
        row[Fragments.scrub_state] = _STATES.index(word)
        row[Fragments.scrub_progress_ratio] = sum(s.progress for s in of_store.scrubs) / len(
            of_store.scrubs
        )
        row[Fragments.scrub_limit_bytes_per_second] = store.scrub_rate * len(store.roots)
    return row


def damage(before: Mapping[str, int], now: Mapping[Status, int]) -> str:
    """What is damaged more than before, in words; "" where nothing is."""
    words = (
        f"{number - before.get(status.name, 0)} {status.name.lower()} ({number} in all)"
        for status, number in now.items()
        if number > before.get(status.name, 0)
    )
    return ", ".join(words)


def stand(keeper: Keeper, now: float) -> Stand | None:
    """How the inventory stands, here or in another process; None: it is not kept yet."""
    keeping = keeper.keeping
    if keeping is not None:
        scrubs = [scrub.standing for scrub in keeping.scrubs]
        return _of(keeping.inventory, keeper.upstreams, keeping.report, now, scrubs)
    if not keeper.elsewhere:
        return None
    try:
        with closing(Inventory.glance(keeper.path)) as inventory:
            return _of(inventory, keeper.upstreams, Report.of(inventory), now, ())
    except StoreError as error:
        raise SourceFailed(
            "elsewhere", f"another agent keeps {keeper.path}, which cannot be read: {error}"
        ) from error


def _of(
    inventory: Inventory, upstreams: Sequence[str], report: Report, now: float,
    scrubs: Sequence[Standing],
) -> Stand:  # fmt: skip
    held = inventory.acknowledged(upstreams)
    return Stand(
        inventory.summary(now), inventory.counters, report, inventory.behind(now),
        max(0, inventory.sequence - held), scrubs,
    )  # fmt: skip


def happenings(keeper: Keeper, time: int) -> list[Happening]:
    """Damage that people were not told of yet; it is noted that they are now.

    `time` is in microseconds UTC.
    """
    keeping = keeper.keeping
    if keeping is None:
        return []
    inventory = keeping.inventory
    told = json.loads(inventory.cursor(_TOLD) or "{}")
    found, troubles = inventory.damaged(), keeping.report.troubles
    new = [
        f"{root}: {words}" for root, words in troubles.items()
        if told.get("troubles", {}).get(root) != words
    ]  # fmt: skip
    detail = "; ".join(filter(None, [damage(told.get("counts", {}), found), *new]))
    noted = {
        "counts": {status.name: number for status, number in found.items()},
        "troubles": dict(troubles),
    }
    if noted != told:
        inventory.set_cursor(_TOLD, json.dumps(noted))
    if not detail:
        return []
    keys = {"store": keeper.store.name}
    return [Happening(catalogue.FRAGMENTS_DAMAGED.code, time, keys, detail[:1000])]
