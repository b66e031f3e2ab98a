"""`vigie rules check | test | explain | replay`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alerts import explain, history, text, trial
from alerts.lifecycle import Alert
from alerts.load import load
from alerts.rule import Rule
from alerts.rulebook import PACKAGED, files
from alerts.settled import settled
from vigie.client import Client
from vigie.commands import asking, printing
from vigie.document import suggestion
from vigie.errors import SettingsError
from vigie.network.load import check, written

EXAMPLES: Final = """\
examples:
  vigie rules check rules/ mine.toml      every fault with its line; exit 1 when there is one
  vigie rules test                        run the tests of the packaged rules
  vigie rules explain filesystem_filling  what a rule does, in words
  vigie rules check mine.toml --network network.toml
                                          and whether the thresholds that it sets fit
  vigie rules replay agent_silent --from 24h
                                          when it would have fired over past readings
"""
ACTS: Final = {
    "check": "Name every fault of rule files",
    "test": "Run the tests that rules carry",
    "explain": "Say in words what rules do",
    "replay": "Show when rules would have fired over past readings",
}
LOOKS: Final = 5_000
"""How often a replay looks where no reading came: once a second, or so many times in all."""
MOST_LOOKS: Final = 50_000
"""How often it looks at most, however many readings came."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, purpose in ACTS.items():
        act = acts.add_parser(name, help=purpose, description=f"{purpose}.")
        act.add_argument(
            "what", nargs="*",
            help="rule files, folders of them, or names of rules; default: the packaged ones",
        )  # fmt: skip
        act.add_argument(
            "--rules", type=Path, action="append", default=[], metavar="FILE",
            help="where else to look for a rule that is named; repeatable",
        )  # fmt: skip
        act.add_argument(
            "--network", type=Path, metavar="FILE",
            help="a network file or folder, whose thresholds these rules are given",
        )  # fmt: skip
        if name == "replay":
            act.add_argument(
                "--from", dest="start", default="1h", metavar="TIME",
                help="RFC 3339, or how long ago; as 2h [%(default)s]",
            )  # fmt: skip
            act.add_argument("--to", dest="end", default="0s", metavar="TIME", help="likewise")
        asking.add(act)


def run(arguments: argparse.Namespace) -> int:
    """Do it: 0 fine, 1 a finding."""
    if arguments.act == "check":
        return _check(arguments)
    rules = _there(list(chosen(arguments.what, arguments.rules)), arguments.network)
    match arguments.act:
        case "test":
            return _test(rules, as_json=arguments.json)
        case "explain":
            return _explain(rules, as_json=arguments.json)
        case _:
            return _replay(rules, arguments)


def _there(rules: Sequence[Rule], network: Path | None) -> list[Rule]:
    """Rules with the thresholds of a network, if one is given."""
    if network is None:
        return list(rules)
    known = {rule.name: rule for rule in rules}
    return list(settled(known, check(written(network)).thresholds)[0].values())


def chosen(words: Sequence[str], more: Sequence[Path] = ()) -> Iterator[Rule]:
    """The rules that these files, folders and names stand for; none of them: the packaged ones.

    Raises:
        SettingsError: a file is wrong, or no rule has such a name.
    """
    named = {rule.name: rule for path in _paths([PACKAGED, *more]) for rule in load(path)}
    for word in words:
        if word in named:
            yield named[word]
        elif Path(word).exists():
            for path in _paths([Path(word)]):
                yield from load(path)
        else:
            raise SettingsError(f"no rule and no file is called {word}; {suggestion(word, named)}")
    if not words:
        yield from named.values()


def _paths(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        yield from files(path) if path.is_dir() else [path]


def _check(arguments: argparse.Namespace) -> int:
    paths = list(_paths([Path(word) for word in arguments.what] or [PACKAGED]))
    faults: list[str] = []
    rules: list[Rule] = []
    for path in paths:
        try:
            rules += load(path)
        except SettingsError as error:
            faults.append(str(error))
    faults += [f"{f.origin}: {f}" for rule in rules for f in trial.failures(rule)]
    if arguments.network is not None:
        faults += _misfits(arguments, rules)
    if arguments.json:
        printing.dump({"files": len(paths), "rules": len(rules), "faults": faults})
    elif faults:
        print("\n".join(faults), file=sys.stderr)
    else:
        print(f"fine: {len(rules)} rules in {len(paths)} files")
    return int(bool(faults))


def _misfits(arguments: argparse.Namespace, rules: Sequence[Rule]) -> Iterator[str]:
    """What is wrong with the thresholds of a network: `file:line: what`."""
    known = {
        rule.name: rule for path in _paths([PACKAGED, *arguments.rules]) for rule in load(path)
    }
    document = written(arguments.network)
    network = check(document)
    for misfit in settled(known | {rule.name: rule for rule in rules}, network.thresholds)[1]:
        where = document.where(("thresholds", misfit.number, misfit.part))
        yield f"{where}: thresholds[{misfit.number + 1}].{misfit.part}: {misfit.message}"


def _test(rules: Sequence[Rule], *, as_json: bool) -> int:
    failures = [failure for rule in rules for failure in trial.failures(rule)]
    untested = [rule.name for rule in rules if not rule.trials]
    count = sum(len(rule.trials) for rule in rules)
    if as_json:
        printing.dump({"tests": count, "failures": [*map(str, failures)], "untested": untested})
    else:
        for failure in failures:
            print(f"FAILED  {failure.origin}: {failure}", file=sys.stderr)
        for name in untested:
            print(f"{name} has no test", file=sys.stderr)
        print(f"{count} tests of {len(rules)} rules, {len(failures)} failed")
    return int(bool(failures))


def _explain(rules: Sequence[Rule], *, as_json: bool) -> int:
    told = [_told(rule) for rule in rules]
    if as_json:
        printing.dump(told)
        return 0
    for number, rule in enumerate(told):
        print(("\n" if number else "") + f"{rule['name']} (priority {rule['priority']})")
        print(f"  fr: {rule['title']['fr']}\n  en: {rule['title']['en']}")
        for sentence in rule["conditions"]:
            print(f"  {sentence}")
        for name, expression in rule["expressions"].items():
            print(f"  {name} = {expression}")
        print(f"  from {rule['origin']}")
    return 0


def _told(rule: Rule) -> dict[str, Any]:
    parts = {"when": rule.when, "clear": rule.clear, "value": rule.value}
    return {
        "name": rule.name,
        "priority": rule.priority,
        "title": {"fr": rule.title.fr, "en": rule.title.en},
        "conditions": list(explain.conditions(rule)),
        "expressions": {n: explain.bracketed(e.tree) for n, e in parts.items() if e is not None},
        "origin": rule.origin,
    }


def _replay(rules: Sequence[Rule], arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    start, end = (
        datetime.fromisoformat(asking.moment(word, now)).timestamp()
        for word in (arguments.start, arguments.end)
    )
    told: list[tuple[Rule, Alert]] = []
    with asking.client(arguments) as client:
        for rule in rules:
            told += ((rule, a) for a in _past(client, rule, start, end) if a.changed >= start)
    told.sort(key=lambda one: one[1].changed)
    rows = [_replayed(rule, alert) for rule, alert in told]
    if arguments.json:
        printing.dump(rows)
    else:
        print(printing.table(rows, empty="nothing would have fired"))
    return 0


def _past(client: Client, rule: Rule, start: float, end: float) -> Iterator[Alert]:
    """What a rule would have made of a span; what it looks back on is read too."""
    if rule.measurement is None:
        yield from trial.replay_events(rule, history.events(client, rule, start, end), end)
        return
    back = max((window.seconds for window in rule.windows), default=0.0)
    readings = list(history.readings(client, rule, start - back, end))
    every, least = max(1.0, (end - start) / LOOKS), (end - start) / MOST_LOOKS
    yield from trial.replay(rule, readings, end, every, least)


def _replayed(rule: Rule, alert: Alert) -> dict[str, str | int | float | bool | None]:
    return {
        "time": text.moment(alert.changed),
        "rule": rule.name,
        "state": str(alert.state),
        "subject": text.subject_path(alert.subject),
        "value": text.value(rule, alert.value, "en"),
    }
