"""Whether what is known is fresh, whole and agreed; a blind collector must look like one."""

from collections.abc import Iterator
from typing import Final

from collector.actions.case import Case
from collector.actions.refusal import Refusal

SIGNALS: Final = 2
"""Independent ones that must say the same of a container."""


def freshness(case: Case) -> Iterator[Refusal]:
    """No action on old readings, nor on a container that has not told of late."""
    age = case.now - case.asked.inputs
    if age > case.bounds.inputs_age:
        yield Refusal("freshness", f"its readings are {age:.0f} s old", "make the plan anew")
    for place in case.asked.places:
        known = case.facts.containers.get(place)
        if known and (known.told is None or case.now - known.told > case.bounds.inputs_age):
            yield Refusal("freshness", f"{place} has not told of late", "it tells again",
                          known.told)  # fmt: skip


def agreement(case: Case) -> Iterator[Refusal]:
    """Two independent signals must say of each source what the plan took it to be."""
    for place in case.asked.sources:
        count = case.facts.agreed.get(place, 0)
        if count < SIGNALS:
            yield Refusal("agreement", f"{count} of {SIGNALS} signals say so of {place}",
                          "another signal agrees")  # fmt: skip


def blind(case: Case) -> Iterator[Refusal]:
    """Where much is silent, or the collector has just come up, it is we who do not see."""
    known = list(case.facts.containers.values())
    telling = sum(k.told is not None and case.now - k.told <= case.bounds.inputs_age for k in known)
    if not known or telling < case.bounds.reporting * len(known):
        yield Refusal("blind", f"{telling} of {len(known)} containers told of late",
                      f"{case.bounds.reporting:.0%} of them tell")  # fmt: skip
    if case.facts.whole is None or case.now - case.facts.whole < case.bounds.healthy:
        since = case.facts.whole
        until = None if since is None else since + case.bounds.healthy
        yield Refusal("blind", "the collector has not been whole for long enough",
                      f"{case.bounds.healthy:.0f} s of sound work", since, until)  # fmt: skip


def freeze(case: Case) -> Iterator[Refusal]:
    """When much changes at once, suspect the observer: all stands still."""
    groups = {"the network": (case.bounds.network_changed, list(case.facts.containers.values()))}
    for place in case.asked.places:
        if known := case.facts.containers.get(place):
            same = [k for k in case.facts.containers.values() if k.site == known.site]
            groups[known.site] = case.bounds.site_changed, same
    for name, (share, members) in groups.items():
        since = case.now - case.bounds.changed_within
        times = [max(t for t in k.changed if t <= case.now) for k in members
                 if any(since < t <= case.now for t in k.changed)]  # fmt: skip
        if len(times) > 1 and len(times) > share * len(members):
            yield Refusal(
                "freeze", f"{len(times)} of {len(members)} containers of {name} changed at once",
                f"{case.bounds.changed_within:.0f} s without", min(times),
                max(times) + case.bounds.changed_within,
            )  # fmt: skip
