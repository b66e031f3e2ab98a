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

from dataclasses import replace
from pathlib import Path

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
        beside = replace(declared, secret_file=path.parent / declared.secret_file)
        try:
            secrets(beside.secret_file)
        except SettingsError as error:
            reader.fault((*at, "secret_file"), str(error))
        found.append(beside)
    reader.finish()
    return tuple(found)
