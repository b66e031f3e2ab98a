"""Whose notifications a wider fault holds back, because it explains them; they stay visible."""

from collections.abc import Iterable, Mapping

from alerts.lifecycle import Alert
from alerts.rule import Rule

Domain = tuple[str, str, str]
"""A container, the name of a key and its value: `("paris/a", "host", "h1")`."""


def domains(alerts: Iterable[Alert], rules: Mapping[str, Rule]) -> frozenset[Domain]:
    """What the open alerts of muting rules explain."""
    found = set()
    for alert in alerts:
        rule = rules.get(alert.rule)
        if rule is not None and rule.mutes is not None and alert.open:
            value = _value(alert, rule, rule.mutes)
            if value is not None:
                found.add((alert.subject.container, rule.mutes, value))
    return frozenset(found)


def muted(alert: Alert, rule: Rule, explained: frozenset[Domain]) -> bool:
    """Whether a wider fault explains this alert; one that mutes is never muted itself."""
    if rule.mutes is not None:
        return False
    container = alert.subject.container
    return (container, "container", container) in explained or any(
        (container, name, value) in explained
        for name, value in zip(rule.keys, alert.subject.keys, strict=False)
    )


def _value(alert: Alert, rule: Rule, name: str) -> str | None:
    if name == "container":
        return alert.subject.container
    return dict(zip(rule.keys, alert.subject.keys, strict=False)).get(name)
