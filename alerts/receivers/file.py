"""Who is told of what: the file that declares receivers.

::

    [[receiver]]
    name = "duty"
    kind = "webhook"
    url = "https://noc.example/vigie"
    secret_file = "duty.secret"       # beside this file; one `whsec_…` a line, two to rotate
    min_priority = 2
    scope = "paris"

    [[receiver]]
    name = "desk"
    kind = "mail"
    url = "smtp://mail.example"
    to = ["noc@example.org"]
    sender = "vigie@example.org"
"""

from dataclasses import replace
from pathlib import Path

from alerts.delivery.private import password
from alerts.delivery.signature import secrets
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import KINDS
from vigie.document import Document, Reader, suggestion
from vigie.errors import SettingsError


def load(path: Path | None) -> tuple[Declared, ...]:
    """The receivers of a file; without a file nobody is told.

    Raises:
        SettingsError: every fault found, those of the secret files included.
    """
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
        found.append(_beside(declared, path))
        try:
            _prove(found[-1])
        except SettingsError as error:
            reader.fault((*at, "secret_file"), str(error))
    reader.finish()
    return tuple(found)


def _beside(declared: Declared, path: Path) -> Declared:
    """It with its secret beside the file that declares it."""
    if declared.secret_file is None:
        return declared
    return replace(declared, secret_file=path.parent / declared.secret_file)


def _prove(declared: Declared) -> None:
    """Raise SettingsError where the secret file does not hold what this kind needs."""
    if declared.secret_file is None:
        return
    if declared.kind == "webhook":
        secrets(declared.secret_file)
    else:
        password(declared.secret_file)
