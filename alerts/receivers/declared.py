"""Who is told of what: the file that declares receivers.

::

    [[receiver]]
    name = "duty"
    kind = "webhook"
    url = "https://noc.example/vigie"
    secret_file = "duty.secret"       # beside this file; one `whsec_…` a line, two to rotate
    min_priority = 2
    scope = "paris"
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from alerts.delivery.address import AddressRefused, Allowed, target
from alerts.delivery.retry import PROMPT, STANDARD, Ladder
from alerts.delivery.signature import secrets
from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.document import Document, Duration, Misfit, Reader, Within, duration, suggestion
from vigie.errors import SettingsError

TIMEOUT: Final = 15.0

Schedule = Literal["prompt", "standard"]


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
        return any(within(self.scope, path) for path in paths)


def within(scope: str, path: str) -> bool:
    """Whether a path lies in a scope; the empty scope is the whole network."""
    return not scope or path == scope or path.startswith(f"{scope}/")


def load(path: Path | None) -> tuple[Declared, ...]:
    """The receivers of a file; without a file nobody is told.

    Raises:
        SettingsError: every fault found, those of the secret files included.
    """
    from alerts.receivers.kinds import KINDS  # they are made of what is declared here

    if path is None:
        return ()
    document = Document.load(path)
    reader = Reader(document)
    reader.known(("receiver",))
    found: list[Declared] = []
    for at, declared in reader.each(Declared, ("receiver",)):
        if declared.name in [other.name for other in found]:
            reader.fault((*at, "name"), f"two receivers are named {declared.name}; rename one")
        if declared.kind not in KINDS:
            wrong = f"no kind of receiver is called {declared.kind!r}"
            reader.fault((*at, "kind"), f"{wrong}; {suggestion(declared.kind, KINDS)}")
        beside = replace(declared, secret_file=path.parent / declared.secret_file)
        try:
            secrets(beside.secret_file)
        except SettingsError as error:
            reader.fault((*at, "secret_file"), str(error))
        found.append(beside)
    reader.finish()
    return tuple(found)
