"""What stands now, for receivers that keep nothing and are told again and again."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from alerts.delivery.message import said
from alerts.lifecycle import Alert, State
from alerts.receivers.declared import Declared
from alerts.rule import Rule

OVER_SECONDS: Final = 300.0
"""How long it is told again that an alert is over."""


def standing(
    alerts: Iterable[Alert], rules: Mapping[str, Rule], receiver: Declared, now: float,
    *, called: Container[str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The `data` of every alert that a receiver wants and was told of: open, or just over.

    `called` are the alerts for which the roster called it; None of one that no roster names: it has
    a copy of all. An alert whose rule is gone is told of no more, and ends there by itself.
    """
    return [
        said(alert, rules[alert.rule])
        for alert in alerts
        if alert.rule in rules
        and alert.told is not None
        and (called is None or alert.id in called)
        and (alert.open or _just_over(alert, now))
        and receiver.wants(alert, rules[alert.rule])
    ]


def _just_over(alert: Alert, now: float) -> bool:
    return alert.state is State.RESOLVED and now - alert.changed <= OVER_SECONDS
