"""Fragments: what a sender is told, and how far objects are from lost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FragmentsHeld:
    """Answer to `POST fragments`: how far an inventory is held, and what of it is wanted next.

    `held` is the number of the last change up to which nothing is missing. With `digests` the
    sender is to send the digests of its buckets; `buckets` are those whose content is wanted.
    """

    epoch: str
    held: int
    digests: bool
    buckets: list[int]


@dataclass(frozen=True, slots=True)
class FragmentKey:
    """Answer to `GET fragments/key`: the network's key for the names of objects, in hex."""

    key: str


@dataclass(frozen=True, slots=True)
class FragmentInventory:
    """What one host told of one store: how many records, and whether that is all.

    `learned` is when it was last heard of; `wanted` counts buckets that are still to come, `gaps`
    how often changes were missing and digests had to tell which.
    """

    container: str
    host: str
    store: str
    records: int
    held: int
    wanted: int
    gaps: int
    learned: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """How many objects have `margin` more live fragments than they need; below 0 is lost."""

    margin: int
    objects: int


@dataclass(frozen=True, slots=True)
class Margins:
    """The objects of one store and scheme by margin, counting distinct indexes that are alive.

    `containers_tolerated` is how many containers may vanish, the worst first chosen for each
    object, before one cannot be rebuilt; None when one is lost already. A fragment that is in
    several containers counts in one of them only: it may be more. `simulated` says that some of
    the store's inventories come from the twin.
    """

    store: str
    scheme: str
    objects: int
    margins: list[Margin]
    containers_tolerated: int | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class FragmentsReply:
    """Answer to `GET fragments`; `complete` is False while any inventory lacks buckets.

    `margins` is null for whoever may not see the whole network: an object lies in many containers.
    """

    as_of: str
    complete: bool
    inventories: list[FragmentInventory]
    margins: list[Margins] | None
