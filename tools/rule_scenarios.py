"""Which rule fires in which scenario of the twin: plays all of them, and writes the page of it.

    python -m tools.rule_scenarios                     all, and docs/rules/scenarios.md anew
    python -m tools.rule_scenarios --only power gpus   some of them, printed; nothing is written
    python -m tools.rule_scenarios --check             whether the page speaks of every rule
    python -m tools.rule_scenarios --keep FOLDER       what was seen stays there, and is not played
                                                       again: for whoever changes what is meant

What ought to fire where stands in `rule_scenarios.toml`, and why something else may. A whole run
takes minutes, as a day without faults is played, too: so `make docs` does not make this page. It
ends with 1 when an alarm is missed or false, or an excuse is not needed.
"""

import argparse
import json
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import repeat
from pathlib import Path
from typing import Any, Final

from alerts.rulebook import Rulebook
from tests.build.watched import Watched, operating, smaller
from twin import faults
from vigie.document import duration, duration_text
from vigie.network.load import reference

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs/rules/scenarios.md"
MEANT: Final = Path(__file__).with_suffix(".toml")
LEAD: Final = 600.0
"""Seconds before the first fault: what fires then is false, too."""
STEP: Final = 10.0
QUIET: Final = "calm"
RIGHT, FOLLOWS, ANYWAY, MISSED, FALSE = "●", "○", "·", "**missed**", "**false**"

Places = Mapping[str, tuple[str, ...]]
"""Patterns of paths, by rule."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Rules that may fire at such places, though no fault is meant for them, and why."""

    rules: tuple[str, ...]
    where: tuple[str, ...]
    why: str

    def holds(self, rule: str, path: str) -> bool:
        """Whether it speaks of that rule there."""
        return rule in self.rules and _fits(path, self.where)


@dataclass(frozen=True, slots=True)
class Scenario:
    """How long one is played, which rules must fire and where, and which may as a consequence.

    `anyway` is what has another cause than its faults. `step` is how often containers tell and
    rules look, in seconds.
    """

    name: str
    lasts: float
    fires: Places
    follows: tuple[Excuse, ...] = ()
    anyway: tuple[Excuse, ...] = ()
    step: float = STEP


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is played: in which containers, some of them smaller; what all show `anyway`.

    `operating` are sites of which is played what they only plan.
    `elsewhere` are rules that no fault of the twin reaches, each with where that is tested.
    """

    scopes: tuple[str, ...]
    scales: Mapping[str, float]
    operating: tuple[str, ...]
    anyway: tuple[Excuse, ...]
    elsewhere: Mapping[str, str]
    scenarios: Mapping[str, Scenario]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one: after how many seconds each rule fired at each path first, and how often.

    Times count from the beginning of the faults, and are negative before.
    """

    first: Mapping[tuple[str, str], float]
    count: int
    took: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One rule in one scenario: paths by what their alarms are, and patterns that stayed silent."""

    right: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    anyway: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """As the table shows it."""
        told = ((FALSE, self.false), (MISSED, self.missed), (RIGHT, self.right),
                (FOLLOWS, self.follows), (ANYWAY, self.anyway))  # fmt: skip
        return next((sign for sign, paths in told if paths), "")


def plan(path: Path = MEANT) -> Plan:
    """What is to be played."""
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    scenarios = {
        name: Scenario(
            name,
            duration(told["lasts"]),
            {rule: tuple(places) for rule, places in told.get("fires", {}).items()},
            _excuses(told.get("follows", ())),
            _excuses(told.get("anyway", ())),
            duration(told.get("step", f"{STEP:.0f}s")),
        )
        for name, told in written["scenarios"].items()
    }
    return Plan(
        tuple(written["scopes"]), written["scales"], tuple(written["operating"]),
        _excuses(written["anyway"]), written["elsewhere"], scenarios,
    )  # fmt: skip


def _excuses(told: Iterable[Mapping[str, Any]]) -> tuple[Excuse, ...]:
    return tuple(Excuse(tuple(e["rules"]), tuple(e["where"]), e["why"]) for e in told)


def play(name: str, played: Plan) -> Seen:
    """One scenario, from ten minutes before its faults on."""
    began, first = time.monotonic(), dict[tuple[str, str], float]()
    network = operating(smaller(reference(), played.scales), played.operating)
    scenario = played.scenarios[name]
    with tempfile.TemporaryDirectory() as folder:
        story = Watched(
            Path(folder),
            network,
            scenario=name,
            scopes=played.scopes,
            lead=LEAD,
            step=scenario.step,
        )
        end = story.begins + scenario.lasts
        while story.now < end:
            story.tick()
            story.now += story.step
        for fired in story.opened:
            first.setdefault((fired.rule, fired.container), fired.at)
        return Seen(first, len(story.opened), time.monotonic() - began)


def kept(name: str, played: Plan, folder: Path | None) -> Seen:
    """As `play`, unless it was played before and lies in the folder."""
    file = folder / f"{name}.json" if folder else None
    if file is not None and file.exists():
        told = json.loads(file.read_text(encoding="utf-8"))
        first = {(rule, path): seconds for rule, path, seconds in told["first"]}
        return Seen(first, told["count"], told["took"])
    seen = play(name, played)
    if file is not None:
        places = [[*place, seconds] for place, seconds in seen.first.items()]
        written = {"first": places, "count": seen.count, "took": seen.took}
        file.write_text(json.dumps(written), encoding="utf-8")
    return seen


def judged(rule: str, scenario: Scenario, seen: Seen, played: Plan) -> Cell:
    """What a rule did there, against what it ought to do."""
    at = {path: seconds for (name, path), seconds in seen.first.items() if name == rule}
    wanted = scenario.fires.get(rule, ())
    right = [p for p, seconds in at.items() if seconds >= 0 and _fits(p, wanted)]
    rest = [p for p in at if p not in right]
    follows = [p for p in rest if at[p] >= 0 and any(e.holds(rule, p) for e in scenario.follows)]
    rest = [p for p in rest if p not in follows]
    causes = (*scenario.anyway, *played.anyway)
    anyway = [p for p in rest if any(e.holds(rule, p) for e in causes)]
    missed = [pattern for pattern in wanted if not any(fnmatchcase(p, pattern) for p in right)]
    false = [p for p in rest if p not in anyway]
    return Cell(*(tuple(sorted(some)) for some in (right, follows, anyway, false, missed)))


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def idle(seen: Mapping[str, Seen], played: Plan) -> Iterator[str]:
    """Excuses that nothing needed: for a rule, or at a place, that did not fire otherwise."""
    for name, told in seen.items():
        scenario = played.scenarios[name]
        for excuse in (*scenario.follows, *scenario.anyway):
            yield from _idle(name, excuse, {name: told}, played)
    for excuse in played.anyway:
        yield from _idle("anyway", excuse, seen, played)


def _idle(name: str, excuse: Excuse, seen: Mapping[str, Seen], played: Plan) -> Iterator[str]:
    used = [
        (rule, path) for where, told in seen.items() for rule, path in told.first
        if rule in excuse.rules and path not in judged(rule, played.scenarios[where], told,
                                                       played).right
    ]  # fmt: skip
    for rule in excuse.rules:
        if not any(_fits(path, excuse.where) for other, path in used if other == rule):
            yield f"{name}: {rule} needs no excuse"
    for pattern in excuse.where:
        if not any(fnmatchcase(path, pattern) for _, path in used):
            yield f"{name}: nothing needs an excuse at {pattern!r} ({', '.join(excuse.rules)})"


def page(rules: Sequence[str], seen: Mapping[str, Seen], played: Plan) -> str:
    """The page, of all rules and all scenarios that were played."""
    cells = {
        (rule, name): judged(rule, played.scenarios[name], told, played)
        for rule in rules for name, told in seen.items()
    }  # fmt: skip
    return "\n".join([
        *_head(rules, played, cells),
        *_table(rules, list(seen), played, cells),
        *_sections(rules, seen, played, cells),
    ])  # fmt: skip


def _head(
    rules: Sequence[str], played: Plan, cells: Mapping[tuple[str, str], Cell]
) -> Iterator[str]:  # fmt: skip
    reached = {rule for (rule, _), cell in cells.items() if cell.right}
    false, missed = (
        sum(len(getattr(cell, what)) for cell in cells.values()) for what in ("false", "missed")
    )
    quiet = [cells[rule, QUIET] for rule in rules if (rule, QUIET) in cells]
    yield "# Rules and scenarios"
    yield ""
    yield "<!-- Made by `python -m tools.rule_scenarios`; change `tools/rule_scenarios.toml`. -->"
    yield ""
    yield (
        "The [scenarios of the twin](../twin.md#what-can-go-wrong), played before all shipped "
        f"rules in {len(played.scopes)} containers of the reference network, and which rule fired. "
        "The faults begin ten minutes after the play; readings go as frames through the decoder "
        "into the store's memory, and the rules look every ten seconds (on the quiet day: every "
        "minute)."
    )
    yield ""
    yield f"- {len(reached)} of {len(rules)} rules fire where a fault is that they are for;"
    yield f"  {len([r for r in rules if r in played.elsewhere])} more watch what the twin does not"
    yield "  play; below stands where they are tested."
    yield f"- Alarms missed: {missed}. False alarms: {false}."
    if quiet:
        hours = duration_text(played.scenarios[QUIET].lasts)
        yield (
            f"- A quiet day ({hours}): {sum(len(c.false) for c in quiet)} false alarms; "
            f"{sum(len(c.anyway) + len(c.follows) for c in quiet)} of what a fleet of that size "
            "sees anyway."
        )
    yield ""
    yield f"{RIGHT} fires as it ought to · {FOLLOWS} follows from the faults · {ANYWAY} is there "
    yield f"anyway · {MISSED} ought to fire, and does not · {FALSE} fires without cause · empty:"
    yield "silent. Why something follows, or is there anyway, stands below each scenario."
    yield ""
    for excuse in played.anyway:
        yield f"In all of them {_named(excuse)} may be there: {excuse.why}."
    yield ""


def _table(
    rules: Sequence[str], names: Sequence[str], played: Plan,
    cells: Mapping[tuple[str, str], Cell],
) -> Iterator[str]:  # fmt: skip
    yield f"| Rule | {' | '.join(names)} |"
    yield f"| --- |{' :-: |' * len(names)}"
    for rule in rules:
        signs = " | ".join(cells[rule, name].sign for name in names)
        mark = "" if any(cells[rule, name].right for name in names) else " ¹"
        yield f"| [{rule}]({rule}.md){mark if rule in played.elsewhere else ''} | {signs} |"
    yield ""
    yield "¹ What it watches is not played by the twin:"
    yield ""
    for rule in rules:
        if rule in played.elsewhere:
            yield f"- `{rule}`: {played.elsewhere[rule]}"
    yield ""


def _sections(
    rules: Sequence[str], seen: Mapping[str, Seen], played: Plan,
    cells: Mapping[tuple[str, str], Cell],
) -> Iterator[str]:  # fmt: skip
    for name, told in seen.items():
        yield f"## {name}"
        yield ""
        length = duration_text(played.scenarios[name].lasts)
        yield f"{faults.scenario(name).title}. Played for {length}; {told.count} alerts."
        yield ""
        lines = [line for rule in rules for line in _lines(rule, cells[rule, name], told)]
        if lines:
            yield from ("| Rule | | Where | First after |", "| --- | --- | --- | --: |", *lines)
        else:
            yield "No rule fires."
        yield ""
        scenario = played.scenarios[name]
        for sign, excuses in ((FOLLOWS, scenario.follows), (ANYWAY, scenario.anyway)):
            for excuse in excuses:
                yield f"- {sign} {_named(excuse)}: {excuse.why}."
        if scenario.follows or scenario.anyway:
            yield ""


def _named(excuse: Excuse) -> str:
    return ", ".join(f"`{rule}`" for rule in excuse.rules)


def _lines(rule: str, cell: Cell, told: Seen) -> Iterator[str]:
    kinds = ((RIGHT, cell.right), (FOLLOWS, cell.follows), (ANYWAY, cell.anyway),
             (FALSE, cell.false))  # fmt: skip
    for sign, paths in kinds:
        if paths:
            first = min(told.first[rule, path] for path in paths)
            after = duration_text(first) if first >= 0 else "before"
            shown = [path or "the network" for path in paths]
            where = ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if shown[4:] else "")
            yield f"| `{rule}` | {sign} | {where} | {after} |"
    if cell.missed:
        yield f"| `{rule}` | {MISSED} | {', '.join(cell.missed)} | |"


def stale(rules: Sequence[str], text: str) -> list[str]:
    """Rules of which the page says nothing, and those of which it does though there are none."""
    told = set(re.findall(r"^\| \[(\w+)\]\(\w+\.md\)", text, re.MULTILINE))
    return sorted(set(rules) ^ told)


def main() -> int:
    """Play, and write or print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--only", nargs="*", metavar="SCENARIO", help="these; nothing is written")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="of what was seen")
    parser.add_argument("--check", action="store_true", help="play nothing; 1 on a finding")
    given = parser.parse_args()
    rules = list(Rulebook(None).rules)
    if given.check:
        wrong = stale(rules, PAGE.read_text(encoding="utf-8"))
        for rule in wrong:
            print(f"{PAGE.name}: {rule}: run python -m tools.rule_scenarios", file=sys.stderr)
        return int(bool(wrong))
    played = plan()
    names: list[Any] = given.only or list(played.scenarios)
    with ProcessPoolExecutor(given.processes) as pool:
        told = pool.map(kept, names, repeat(played), repeat(given.keep))
        seen = dict(zip(names, told, strict=True))
    for name, found in seen.items():
        print(f"{name}: {found.count} alerts, played in {found.took:.0f} s", file=sys.stderr)
    text = page(rules, seen, played)
    if given.only:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return findings(rules, seen, played)


def findings(rules: Sequence[str], seen: Mapping[str, Seen], played: Plan) -> int:
    """Print what is missed, false or excused for nothing; 1 if anything is."""
    wrong = list(idle(seen, played)) if len(seen) == len(played.scenarios) else []
    for name, told in seen.items():
        for rule in rules:
            cell = judged(rule, played.scenarios[name], told, played)
            wrong += [f"{name}: {rule} is missed at {p}" for p in cell.missed]
            wrong += [f"{name}: {rule} is false at {p or 'the network'}" for p in cell.false]
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
