"""Every error that Vigie raises on purpose, in one tree.

::

    VigieError
    ├── SettingsError      a settings, network or rule document is wrong (exit 2)
    ├── SourceError
    │   ├── Absent         the machine does not have this; quiet
    │   └── SourceFailed   the machine has it and it did not answer; loud
    ├── FrameError         a frame is not one, or breaks its contract (4xx)
    ├── Refused            the other side said no, and will say no again (4xx)
    ├── Unavailable        the other side cannot now; try again later (503, silence)
    ├── StoreError         the store cannot do what it was asked
    │   └── StoreDamaged   what it has written is no longer there as it was
    └── QueryError         a question that has no answer in this catalogue (4xx)
"""


class VigieError(Exception):
    """The root: whoever catches this catches all that Vigie raises on purpose."""


class SettingsError(VigieError):
    """A document that people write is wrong; the message carries file, line and a suggestion."""


class SourceError(VigieError):
    """A source gave no reading."""


class Absent(SourceError):
    """What the source reads does not exist on this machine: not a fault."""


class SourceFailed(SourceError):
    """What the source reads exists and failed; `code` is a short machine word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FrameError(VigieError):
    """Bytes that claim to be a frame and are not one; nothing of it may be stored.

    `fault` is a short machine word that is counted and returned to the sender.
    """

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class Refused(VigieError):
    """The other side refused for good; resending the same thing cannot help."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unavailable(VigieError):
    """The other side cannot answer now; `retry_after` seconds when it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreError(VigieError):
    """The store cannot do what it was asked; the message says on which file or table."""


class StoreDamaged(StoreError):
    """The file of a store is damaged: trying again cannot help."""


class QueryError(VigieError):
    """A question about names, times or functions that do not exist."""
