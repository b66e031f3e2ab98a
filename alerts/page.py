"""The page of a rule: what it watches, why it exists, what to do; made from its file."""

from collections.abc import Callable, Iterable
from functools import partial

from alerts import text
from alerts.explain import conditions
from alerts.rule import Rule

FOLDER = "docs/rules"


def page(rule: Rule) -> str:
    """Markdown."""
    lines = [
        f"# {rule.name}",
        "",
        "<!-- Made from the rule's file by `make docs`; do not edit. -->",
        "",
        f"- **fr**: {rule.title.fr}. {rule.advice.fr}",
        f"- **en**: {rule.title.en}. {rule.advice.en}",
        f"- **Priority**: {rule.priority}",
        f"- **Watches**: `{rule.source}`",
        "",
        "## When",
        "",
        *(f"- {sentence}" for sentence in conditions(rule)),
        "",
    ]
    if rule.when is not None:
        lines += ["```", f"when  = {rule.when.text}"]
        lines += [f"clear = {rule.clear.text}"] if rule.clear is not None else []
        lines += ["```", ""]
    lines += ["## Why", "", rule.why.strip(), "", "## What to do", "", rule.do.strip(), ""]
    if rule.trials:
        lines += ["## What its tests say", ""]
        lines += [f"- {trial.says}" for trial in rule.trials]
        lines += [""]
    return "\n".join(lines)


def index(rules: Iterable[Rule]) -> str:
    """Markdown: every rule with its title."""
    lines = [
        "# Rules",
        "",
        "<!-- Made from the rules' files by `make docs`; do not edit. -->",
        "",
        "| Rule | Priority | Watches | What it says |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{rule.name}]({rule.name}.md) | {rule.priority} | `{rule.source}` | {rule.title.en} |"
        for rule in sorted(rules, key=lambda r: (r.priority, r.name))
    ]
    return "\n".join([*lines, ""])


def pages(rules: Iterable[Rule]) -> tuple[tuple[str, Callable[[], str]], ...]:
    """Every page: its path from the root of the project, and what returns its text."""
    known = tuple(rules)
    return (
        (f"{FOLDER}/README.md", partial(index, known)),
        *((text.runbook(rule.name), partial(page, rule)) for rule in known),
    )
