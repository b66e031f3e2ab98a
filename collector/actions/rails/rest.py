"""Pauses: after an action, after failures, from going back, and for what comes and goes."""

from collections.abc import Iterator

from collector.actions.case import Case
from collector.actions.refusal import Refusal
from vigie.units import SECONDS_PER_DAY


def cool(case: Case) -> Iterator[Refusal]:
    """A container rests between two actions of different plans."""
    for place in case.asked.places:
        ends = [d.ended for d in case.facts.done if d.ended is not None and d.touches(place)
                and d.plan != case.asked.plan]  # fmt: skip
        last = max(ends, default=None)
        if last is not None and case.now - last < case.bounds.cool:
            yield Refusal("cool", f"{place} was acted on a while ago", "the rest ends", last,
                          last + case.bounds.cool)  # fmt: skip


def tries(case: Case) -> Iterator[Refusal]:
    """What was tried often today is for a person to look at; so is a plan that fails."""
    wanted = set(case.asked.subjects)
    today = [d for d in case.facts.done if case.now - d.began < SECONDS_PER_DAY]
    counts: dict[str, int] = {}
    for one in today:
        for subject in wanted.intersection(one.subjects):
            counts[subject] = counts.get(subject, 0) + 1
    often = sorted(s for s, count in counts.items() if count >= case.bounds.tries)
    if often:
        told = f"{often[0]} and {len(often) - 1} more were acted on {case.bounds.tries} times today"
        yield Refusal("tries", told, "a person looks, or a day passes")
    failed = sum(d.plan == case.asked.plan and d.good is False for d in case.facts.done)
    if failed >= case.bounds.tries:
        yield Refusal("tries", f"{failed} steps of plan {case.asked.plan} failed", "make it anew")


def back(case: Case) -> Iterator[Refusal]:
    """Nothing goes back to where it came from within a day."""
    wanted = set(case.asked.subjects)
    for one in case.facts.done:
        if case.now - one.began < case.bounds.back and wanted.intersection(one.subjects):
            for place in case.asked.targets:
                if place in one.sources:
                    told = f"some of it came from {place} by action {one.id}"
                    until = one.began + case.bounds.back
                    yield Refusal("back", told, "a day passes", one.began, until)


def flap(case: Case) -> Iterator[Refusal]:
    """What comes and goes is left alone until it is steady. Source: RFC 2439, exponential decay."""
    for place in case.asked.places:
        known = case.facts.containers.get(place)
        if known is None:
            continue
        ages = [case.now - at for at in known.changed if at <= case.now]
        penalty = sum(0.5 ** (age / case.bounds.flap_half) for age in ages)
        if penalty > case.bounds.flaps:
            yield Refusal("flap", f"{place} comes and goes", "it is steady for a while",
                          min(known.changed))  # fmt: skip


def sound(case: Case) -> Iterator[Refusal]:
    """Nothing is sent to a container that is itself in trouble or in maintenance."""
    for place in case.asked.targets:
        known = case.facts.containers.get(place)
        if known is not None and not known.sound:
            yield Refusal("sound", f"{place} is alarmed or not in service", "it is sound again")
