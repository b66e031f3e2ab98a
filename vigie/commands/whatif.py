"""`vigie kpi whatif` and `vigie kpi evidence`: what is left, what speaks to the framework."""

import argparse
from collections.abc import Callable, Mapping
from typing import Final

from vigie.commands import asking, printing
from vigie.replies import (
    Cell,
    EvidenceLine,
    Margin,
    Objective,
    SovereigntyEvidence,
    StoreLeft,
    WhatIf,
)

EXAMPLES: Final = """\
  vigie kpi whatif --without country:US
  vigie kpi whatif --without supplier:nvidia --layers management,technology
  vigie kpi evidence --scope munich
"""
NAMED: Final = 12
"""Containers that are listed by name."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `whatif`; those of `evidence` are the others'."""
    group = parser.add_argument_group("whatif")
    group.add_argument(
        "--without", action="append", metavar="WHO",
        help="country:US, operator:<id>, supplier:<id> or owner:<id>; repeatable",
    )  # fmt: skip
    group.add_argument(
        "--layers", metavar="A,B",
        help="by which they reach: location, operator, ownership, management, technology [all]",
    )  # fmt: skip


def whatif(arguments: argparse.Namespace) -> int:
    """Print what is left; 1 where an object is lost."""
    layers = arguments.layers.split(",") if arguments.layers else None
    query = {"without": arguments.without, "layers": layers, "language": arguments.language}
    with asking.client(arguments) as client:
        answer = client.get(WhatIf, "whatif", **query)
    lost = any(store.lost for store in answer.stores or ())
    if arguments.json:
        printing.dump(answer)
        return int(lost)
    print(f"without {', '.join(answer.without)}, by {', '.join(answer.layers)}")
    print(f"gone: {_listed(answer.gone)}")
    if answer.unknown:
        print(f"may be gone too: {_listed(answer.unknown)}")
    print()
    print(printing.table([_store(one) for one in answer.stores or ()], empty="no objects told"))
    if answer.capacity:
        rows: list[dict[str, Cell]] = [
            {"capacity": c.name, "before": c.before, "after": c.after, "unit": c.unit,
             "undeclared": c.undeclared}
            for c in answer.capacity
        ]  # fmt: skip
        print()
        print(printing.table(rows))
    if answer.tenants:
        print(f"\ntenants affected: {', '.join(answer.tenants)}")
    for note in answer.notes:
        print(f"\n{note}")
    if answer.simulated_share:
        print(f"\nSIMULATED {answer.simulated_share:.0%}")
    return int(lost)


def evidence(arguments: argparse.Namespace) -> int:
    """Print what speaks to each objective, never a level."""
    query = {"scope": arguments.scope, "period": arguments.period, "language": arguments.language}
    with asking.client(arguments) as client:
        answer = client.get(SovereigntyEvidence, "sovereignty/evidence", **query)
    if arguments.json:
        printing.dump(answer)
        return 0
    for objective in answer.objectives:
        print(f"\n{_heading(objective)}")
        rows = [_line(line, answer.statement) for line in objective.lines]
        print(printing.table(rows, empty="nothing that Vigie measures speaks to it"))
    print(f"\n{answer.source}")
    print(f"network version {answer.network_version[:12]} · as of {answer.as_of}")
    return 0


def _heading(objective: Objective) -> str:
    weights = ", ".join(f"{weight:g} % {name}" for name, weight in objective.weights.items())
    return f"{objective.id} {objective.name} ({weights})"


def _line(line: EvidenceLine, statement: str) -> dict[str, Cell]:
    simulated = f"SIMULATED {line.simulated_share:.0%}" if line.simulated_share else ""
    return {
        "evidence": line.label,
        "value": line.value,
        "unit": line.unit,
        "quality": line.quality,
        "": "; ".join(part for part in (statement, line.reason or line.detail, simulated) if part),
    }


def _store(one: StoreLeft) -> dict[str, Cell]:
    return {
        "store": one.store,
        "scheme": one.scheme,
        "objects": one.objects,
        "readable": one.readable,
        "lost": one.lost,
        "margins": _margins(one.after),
        "": "SIMULATED" if one.simulated else "",
    }


def _margins(margins: list[Margin]) -> str:
    return " ".join(f"{m.margin:+d}:{m.objects}" for m in margins)


def _listed(paths: list[str]) -> str:
    more = f" + {len(paths) - NAMED}" if len(paths) > NAMED else ""
    return ", ".join(paths[:NAMED]) + more if paths else "none"


ACTS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "whatif": whatif,
    "evidence": evidence,
}
"""Acts of the verb `kpi`."""
