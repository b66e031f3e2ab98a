"""How much runs at once, and how many bytes an hour, in and out."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from collector.actions.case import Case
from collector.actions.facts import Done
from collector.actions.refusal import Refusal
from vigie.units import SECONDS_PER_HOUR


def running(case: Case) -> Iterator[Refusal]:
    """Few at once, and one failure domain at a time."""
    now = [one for one in case.facts.done if one.ended is None]
    if len(now) >= case.bounds.running_network:
        yield Refusal("running", f"{len(now)} actions run already", "one of them ends")
    for place in case.asked.places:
        count = sum(one.touches(place) for one in now)
        if count >= case.bounds.running_place:
            yield Refusal("running", f"{count} actions run at {place}", "one of them ends")
    domains = {case.domain(place) for one in now for place in one.sources}
    own = {case.domain(place) for place in case.asked.sources}
    if domains and own and own != domains:
        yield Refusal("domain", f"actions run in {', '.join(sorted(domains))}", "they end")


def volume(case: Case) -> Iterator[Refusal]:
    """Bytes of the last hour and of this, into and out of each container and site."""
    asked, bounds = case.asked, case.bounds
    recent = [
        d for d in case.facts.done if d.ended is None or case.now - d.ended < SECONDS_PER_HOUR
    ]
    budgets = [
        *((f"out of {p}", bounds.place_bytes, _moved(recent, p, _sources)) for p in asked.sources),
        *((f"into {p}", bounds.place_bytes, _moved(recent, p, _targets)) for p in asked.targets),
        *((f"at {s}", bounds.site_bytes, _moved(recent, s, case.sites_of)) for s in case.sites),
        ("in the network", bounds.network_bytes, sum(one.size for one in recent)),
    ]
    for name, most, moved in budgets:
        if moved + asked.size > most:
            yield Refusal("volume", f"{moved:.3g} bytes moved {name} in an hour, {most:.3g} may",
                          "the hour passes")  # fmt: skip


def _moved(done: Sequence[Done], name: str, names: Callable[[Done], Iterable[str]]) -> float:
    return sum(one.size for one in done if name in names(one))


def _sources(done: Done) -> Iterable[str]:
    return done.sources


def _targets(done: Done) -> Iterable[str]:
    return done.targets
