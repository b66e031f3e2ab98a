"""Who owns whom: no organisation owns itself in the end, and nobody owns more than all of it."""

from collections import deque
from collections.abc import Mapping

from vigie.network.declared import Declared


def check(declared: Declared) -> None:
    """Fault circles of owners, and shares that add up to more than all."""
    rows = (*declared.operators, *declared.owners, *declared.suppliers)
    owners = {o.id: tuple(share.owner for share in o.owners or ()) for _, o in rows}
    told: set[str] = set()
    for at, organisation in rows:
        total = sum(share.ratio for share in organisation.owners or ())
        if total > 1 + 1e-9:
            most = f"the shares add up to {total * 100:g} %; a whole has 100 %"
            declared.fault((*at, "owners"), most)
        circle = _circle(organisation.id, owners)
        if circle and told.isdisjoint(circle):
            told.update(circle)
            path = " → ".join((*circle, organisation.id))
            declared.fault((*at, "owners"), f"owners in a circle: {path}; leave one of them out")


def _circle(start: str, owners: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from an organisation over its owners back to it; () where there is none."""
    paths: deque[tuple[str, ...]] = deque([(start,)])
    seen: set[str] = set()
    while paths:
        path = paths.popleft()
        for owner in owners.get(path[-1], ()):
            if owner == start:
                return path
            if owner not in seen:
                seen.add(owner)
                paths.append((*path, owner))
    return ()
