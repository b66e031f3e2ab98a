"""What every packaged rule promises, and proof that a liar's promises are found broken."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import pytest

from alerts import page
from alerts.language.evaluate import TRUE, Logical, Rows, truths
from alerts.load import parse
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from alerts.trial import failures
from tests.house import ROOT
from vigie.shape import Kind

ONE_WAY = frozenset({"disk_worn", "disk_spare_low", "fragments_unreadable", "host_rebooted"})
"""Rules on what only wears, on a count that is 0 when all is well, and on a time of boot."""
RULES = tuple(Rulebook().rules.values())

MOST_SHARES = {1: 0.07, 2: 0.20}
"""How much of the pack each priority may be at most; about 5/15/80 % (EEMUA 191, ISA-18.2)."""
STAGES = (
    ("ups_on_battery", "ups_battery_low"),
    ("power_near_capacity", "power_overload"),
    ("objects_thin", "objects_at_limit", "objects_lost"),
    ("pool_errors", "pool_degraded", "pool_failed"),
    ("filesystem_filling", "filesystem_full_soon"),
    ("gpu_row_remap_pending", "gpu_row_remap_failed"),
    ("clock_off", "clock_wrong"),
)
"""Rules on one thing that gets worse, the worst last."""
LONGEST_TITLE, LONGEST_ADVICE = 66, 100
"""Characters, with what stands for names: a line of a screen or of a telephone."""

LIAR = """
[[rule]]
name = "liar"
measurement = "filesystem"
priority = 1
when = "available_bytes < 100 or age < 1h"
clear = "available_bytes < 50"
settle = "0s"
title = { fr = "Full", en = "Full" }
advice.fr = '''Free some : it is a matter of some urgency, of much care, of patience, of tact,
and of luck, as these things go'''
advice.en = ""
why = " "
do = ""

[[rule.test]]
says = "it fires where it does, and not before"
steps = [
    { at = "0s", given = { size_bytes = 0, available_bytes = 5 }, expect = "nothing" },
    { at = "60s", given = { size_bytes = 0, available_bytes = 5 }, expect = "firing" },
]
"""


def keeps_its_own_tests(rule: Rule) -> Iterator[str]:
    """Each test, and that there is one that fires."""
    yield from map(str, failures(rule))
    expected = {step.expect for trial in rule.trials for step in trial.steps}
    if "firing" not in expected:
        yield "no test of it fires"


def says_nothing_of_the_unknown(rule: Rule) -> Iterator[str]:
    """A row of which nothing is known opens nothing; silence is known by its age."""
    if rule.measurement is None or rule.when is None:
        return
    rows = Rows(rule.measurement, [{}], [0.0])
    if truths(cast("Logical", rule.when.plan), rows)[0] == TRUE:
        yield "it fires on a row of which nothing is known"


def never_opens_and_closes_at_once(rule: Rule) -> Iterator[str]:
    """`when` and `clear` exclude each other on every row of its own tests."""
    if rule.measurement is None or rule.when is None or rule.clear is None:
        return
    for trial in rule.trials:
        for step in trial.steps:
            if step.given is not None:
                rows = Rows(rule.measurement, [step.given], [0.0])
                when, clear = (
                    truths(cast("Logical", e.plan), rows)[0] for e in (rule.when, rule.clear)
                )
                if when == clear == TRUE:
                    yield f"it opens and closes at once: {trial.says}"


def swings(rule: Rule) -> bool:
    """Whether what it compares goes to and fro."""
    if rule.measurement is None or rule.when is None or rule.name in ONE_WAY:
        return False
    found = [rule.measurement.field(name) for name in rule.when.fields]
    return any(field is not None and field.kind is Kind.GAUGE for field in found)


def resolves_with_hysteresis(rule: Rule) -> Iterator[str]:
    """A rule on rows waits before it resolves; one that compares what goes to and fro has `clear`.

    Flags, words, what was counted within a span and what only wears does not swing about a limit.
    """
    if rule.measurement is not None and rule.clear is None and swings(rule):
        yield "it has no clear: it would flap at its threshold"
    if rule.measurement is not None and rule.settle < 10:
        yield "it resolves at once: it would flap"


def speaks_both_languages(rule: Rule) -> Iterator[str]:
    """Title and advice, in French and in English, and not the same."""
    for name, words in (("title", rule.title), ("advice", rule.advice)):
        if not words.fr.strip() or not words.en.strip() or words.fr == words.en:
            yield f"its {name} is not in French and English"


def is_set_as_french_is(rule: Rule) -> Iterator[str]:
    """Spaces that no line is broken at stand before `: ; ! ? » %` and after `«`."""
    for name, words in (("title", rule.title), ("advice", rule.advice)):
        if re.search(r" [:;!?»%]|« |\d °C", words.fr):
            yield f"its French {name} wants a no-break space (U+00A0)"


def is_read_at_a_glance(rule: Rule) -> Iterator[str]:
    """Title and advice fit on a line."""
    for text in (rule.title.fr, rule.title.en):
        if len(text) > LONGEST_TITLE:
            yield f"its title has {len(text)} characters"
    for text in (rule.advice.fr, rule.advice.en):
        if len(text) > LONGEST_ADVICE:
            yield f"its advice has {len(text)} characters"


def says_why_and_what_to_do(rule: Rule) -> Iterator[str]:
    """Sentences, not words."""
    for name in ("why", "do"):
        if len(getattr(rule, name).split()) < 10:
            yield f"its {name} says too little"


def has_a_fresh_page(rule: Rule) -> Iterator[str]:
    """docs/rules/<name>.md, as `make docs` writes it."""
    path = ROOT / page.FOLDER / f"{rule.name}.md"
    if not path.exists() or path.read_text(encoding="utf-8") != page.page(rule):
        yield f"{path.name} is not fresh; run `make docs`"


CONTRACT: tuple[Callable[[Rule], Iterator[str]], ...] = (
    keeps_its_own_tests, says_nothing_of_the_unknown, never_opens_and_closes_at_once,
    resolves_with_hysteresis, speaks_both_languages, is_set_as_french_is, is_read_at_a_glance,
    says_why_and_what_to_do, has_a_fresh_page,
)  # fmt: skip


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_packaged_rule_keeps_its_promises(
    rule: Rule, promise: Callable[[Rule], Iterator[str]]
) -> None:
    assert not list(promise(rule))


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
def test_a_liar_keeps_none(promise: Callable[[Rule], Iterator[str]]) -> None:
    (liar,) = parse(LIAR, "liar.toml")
    assert list(promise(liar))


@pytest.mark.parametrize("priority", MOST_SHARES)
def test_few_rules_ask_for_somebody_at_once(priority: int) -> None:
    """What a person who waits would lose decides: docs/writing-rules.md#priorities."""
    counts = Counter(rule.priority for rule in RULES)
    assert counts[priority] <= MOST_SHARES[priority] * len(RULES), counts


@pytest.mark.parametrize("stages", STAGES, ids=lambda stages: stages[-1])
def test_of_stages_only_the_last_may_wake_somebody(stages: Sequence[str]) -> None:
    rules = {rule.name: rule for rule in RULES}
    priorities = [rules[name].priority for name in stages]
    assert priorities == sorted(priorities, reverse=True)
    assert 1 not in priorities[:-1]
