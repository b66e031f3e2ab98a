"""The kill switch, and that after a crash nothing is done until somebody says so."""

from collections.abc import Iterator

from collector.actions.case import Case
from collector.actions.refusal import Refusal


def switch(case: Case) -> Iterator[Refusal]:
    """Off is off for everything."""
    if case.facts.stopped is not None:
        since, who = case.facts.stopped
        yield Refusal("switch", f"stopped by {who}", "vigie actions resume", since)
    if not case.facts.confirmed:
        yield Refusal(
            "switch", "the collector ended without saying so: what was under way is not known",
            "look at vigie actions list, then vigie actions resume",
        )  # fmt: skip
