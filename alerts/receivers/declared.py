"""A receiver as declared: who it is, what it is told of, and how often it is tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from alerts.delivery.address import AddressRefused, Allowed, target
from alerts.delivery.retry import PROMPT, STANDARD, Ladder
from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.document import Duration, Misfit, Within, duration
from vigie.network.places import inside

TIMEOUT: Final = 15.0

Schedule = Literal["prompt", "standard"]
Routing = Callable[[Alert, Rule, float], Sequence[str]]
"""The names of the receivers that are told of an alert at that Unix time."""


def waits(value: object) -> list[float]:
    """`"prompt"`, `"standard"` or a list of durations, as seconds.

    Raises:
        ValueError: it is none of them.
    """
    named = {"prompt": PROMPT, "standard": STANDARD}
    if isinstance(value, str) and value in named:
        return list(named[value])
    if not isinstance(value, list) or not value:
        raise ValueError(
            f'"prompt", "standard" or durations like ["0s", "5s", "5min"] are wanted, got {value!r}'
        )
    return [duration(item) for item in value]


@dataclass(frozen=True, slots=True)
class Declared:
    """One receiver as declared.

    `min_priority` 2 means priorities 1 and 2. `scope` is a path, or the beginning of one.
    """

    name: str
    kind: str
    url: str
    secret_file: Path
    min_priority: Literal[1, 2, 3] = 3
    scope: str = ""
    simulated_allowed: bool = False
    allow: tuple[Annotated[Any, Allowed.parse], ...] = ()
    retry: Annotated[tuple[float, ...], waits] = PROMPT
    jitter: bool = False
    timeout: Annotated[Duration, Within(0.1, 30)] = TIMEOUT

    def __post_init__(self) -> None:
        """Check what no type says."""
        try:
            target(self.url)
        except AddressRefused as error:
            raise Misfit("url", str(error)) from None

    @property
    def ladder(self) -> Ladder:
        """When to try again."""
        return Ladder(self.retry, jitter=self.jitter)

    def wants(self, alert: Alert, rule: Rule) -> bool:
        """Whether this alert is for this receiver."""
        if alert.priority > self.min_priority or (alert.simulated and not self.simulated_allowed):
            return False
        paths = [alert.subject.container]
        if "host" in rule.keys:
            paths.append(f"{paths[0]}/{alert.subject.keys[rule.keys.index('host')]}")
        return any(inside(path, self.scope) for path in paths)


def everybody(receivers: Sequence[Declared]) -> Routing:
    """Tells every receiver that wants an alert, at any time."""
    return lambda alert, rule, _: [r.name for r in receivers if r.wants(alert, rule)]
