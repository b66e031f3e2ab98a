"""Whether this may be done by itself, at these sites, and who agreed to it."""

from collections.abc import Iterator
from typing import Final

from collector.actions.asked import Mode
from collector.actions.case import Case
from collector.actions.refusal import Refusal

REPAIR: Final = "fragments.repair"


def mode(case: Case) -> Iterator[Refusal]:
    """Every site that is touched must let this kind act."""
    for site in case.sites:
        found = case.facts.mode(case.asked.kind, site)
        if found is not Mode.ACT:
            yield Refusal("mode", f"{case.asked.kind} is on {found} at {site}",
                          f'set it to "act" for {site} in the settings')  # fmt: skip


def approval(case: Case) -> Iterator[Refusal]:
    """One person, two for what is large; none for the repair of what has no margin, if agreed."""
    people = len(set(case.asked.approvals))
    bare = case.asked.kind == REPAIR and case.asked.margin is not None and case.asked.margin <= 0
    large = (
        case.asked.size > case.bounds.two_persons_bytes
        or len(case.asked.subjects) > case.bounds.two_persons_subjects
    )
    needed = 2 if large else 1
    if bare and not large and set(case.sites) <= case.facts.preapproved:
        needed = 0
    if people < needed:
        yield Refusal(
            "approval", f"{people} of {needed} people approved plan {case.asked.plan}",
            f"vigie plan approve {case.asked.plan}",
        )  # fmt: skip


def expiry(case: Case) -> Iterator[Refusal]:
    """What was planned a while ago is planned anew."""
    if case.now >= case.asked.expires:
        yield Refusal(
            "expiry", f"plan {case.asked.plan} is out of date", "make it anew", case.asked.expires
        )


def nature(case: Case) -> Iterator[Refusal]:
    """What comes of simulated readings reaches simulated executors, and nothing else does."""
    if case.asked.simulated != case.asked.executor_simulated:
        plan, executor = ("measured", "simulated")[:: -1 if case.asked.simulated else 1]
        yield Refusal("nature", f"the plan is {plan}, {case.asked.executor} is {executor}",
                      "none: the two never meet")  # fmt: skip


def selection(case: Case) -> Iterator[Refusal]:
    """An empty choice is an error, never everything; so is a place that nobody knows."""
    if not case.asked.subjects or not case.asked.places:
        yield Refusal("selection", "it names nothing that it acts on", "none: it is a fault")
    for place in case.asked.places:
        if place not in case.facts.containers:
            yield Refusal("selection", f"the network has no container {place}", "make it anew")
