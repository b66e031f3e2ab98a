"""A receiver as declared: who it is, what it is told of, and how often it is tried."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from alerts.delivery.address import MAIL_PORTS, PORTS, AddressRefused, Allowed, target
from alerts.delivery.retry import PROMPT, STANDARD, Ladder
from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.document import Duration, Misfit, Within, duration
from vigie.network.places import inside

TIMEOUT: Final = 15.0

Schedule = Literal["prompt", "standard"]
Format = Literal["vigie", "alertmanager", "text"]
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SCHEMES: Final[Mapping[str, Mapping[str, int]]] = {"mail": MAIL_PORTS}
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

    `min_priority` 2 means priorities 1 and 2. `scope` is a path, or the beginning of one. `format`
    is a webhook's, `to`, `sender` and `starttls` are a mail's. `secret_file` holds what a webhook's
    messages are signed with; else the password of `user`, or without one a token. One with a
    `heartbeat` hears that often that we still look, and of no alert.
    """

    name: str
    kind: str
    url: str
    secret_file: Path | None = None
    min_priority: Literal[1, 2, 3] = 3
    scope: str = ""
    simulated_allowed: bool = False
    allow: tuple[Annotated[Any, Allowed.parse], ...] = ()
    retry: Annotated[tuple[float, ...], waits] = PROMPT
    jitter: bool = False
    timeout: Annotated[Duration, Within(0.1, 30)] = TIMEOUT
    format: Format = "vigie"
    language: Literal["fr", "en"] = "fr"
    to: tuple[str, ...] = ()
    sender: str = ""
    user: str = ""
    starttls: bool = True
    heartbeat: Annotated[Duration, Within(10, 3600)] | None = None

    def __post_init__(self) -> None:
        """Check what no type says."""
        if not 0 < len(self.name) <= 64 or not self.name.isprintable() or "/" in self.name:
            raise Misfit("name", "1 to 64 printable characters without / are wanted")
        try:
            target(self.url, _SCHEMES.get(self.kind, PORTS))
        except AddressRefused as error:
            raise Misfit("url", str(error)) from None
        if self.kind == "mail":
            self._check_mail()
        elif self.to or self.sender or not self.starttls:
            strange = "to" if self.to else "sender" if self.sender else "starttls"
            raise Misfit(strange, f"only a mail has this, not a {self.kind}; leave it out")
        if self.kind == "webhook":
            if self.format == "vigie" and self.secret_file is None and self.heartbeat is None:
                raise Misfit("secret_file", "is missing: messages in our own format are signed")
        elif self.format != "vigie":
            raise Misfit("format", f"only a webhook has this, not a {self.kind}; leave it out")
        if self.heartbeat is not None and (self.kind, self.format) != ("webhook", "vigie"):
            raise Misfit("heartbeat", 'a heartbeat goes to a webhook of the format "vigie"')
        if self.user and (self.kind == "webhook" or self.secret_file is None):
            raise Misfit("user", "a user goes with the password in secret_file, not with a webhook")

    def _check_mail(self) -> None:
        if not self.to:
            raise Misfit("to", 'is missing: whom to write to, like ["noc@example.org"]')
        for name, addresses in (("to", self.to), ("sender", (self.sender,))):
            for address in addresses:
                if not _ADDRESS.fullmatch(address):
                    raise Misfit(name, f"{address!r:.80} is no address like noc@example.org")
        if self.secret_file is None:
            return
        if not self.user:
            raise Misfit("secret_file", "a password goes with a user; name the user")
        if not self.starttls and self.url.startswith("smtp:"):
            raise Misfit("starttls", "a password goes nowhere without TLS; leave starttls out")

    @property
    def ladder(self) -> Ladder:
        """When to try again."""
        return Ladder(self.retry, jitter=self.jitter)

    def wants(self, alert: Alert, rule: Rule) -> bool:
        """Whether this alert is for this receiver."""
        if self.heartbeat is not None:
            return False
        if alert.priority > self.min_priority or (alert.simulated and not self.simulated_allowed):
            return False
        paths = [alert.subject.container]
        if "host" in rule.keys:
            paths.append(f"{paths[0]}/{alert.subject.keys[rule.keys.index('host')]}")
        return any(inside(path, self.scope) for path in paths)


def everybody(receivers: Sequence[Declared]) -> Routing:
    """Tells every receiver that wants an alert, at any time."""
    return lambda alert, rule, _: [r.name for r in receivers if r.wants(alert, rule)]
