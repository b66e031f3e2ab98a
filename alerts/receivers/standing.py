"""What stands now, for receivers that keep nothing and are told again and again."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from alerts.delivery.message import said
from alerts.lifecycle import Alert, State
from alerts.receivers.declared import Declared
from alerts.rule import Rule

OVER_SECONDS: Final = 300.0
"""How long it is told again that an alert is over."""


def standing(
    alerts: Iterable[Alert], rules: Mapping[str, Rule], receiver: Declared, now: float
) -> list[dict[str, Any]]:
    """The `data` of every alert that a receiver wants and was told of: open, or just over.

    An alert whose rule is gone is told of no more, and ends there by itself.
    """
    return [
        said(alert, rules[alert.rule])
        for alert in alerts
        if alert.rule in rules
        and alert.told is not None
        and (alert.open or _just_over(alert, now))
        and receiver.wants(alert, rules[alert.rule])
    ]


def _just_over(alert: Alert, now: float) -> bool:
    return alert.state is State.RESOLVED and now - alert.changed <= OVER_SECONDS
