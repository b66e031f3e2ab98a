"""Instants as the API writes and reads them: RFC 3339, UTC."""

from datetime import UTC, datetime
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def text(seconds: float) -> str:
    """A Unix time as RFC 3339, to the millisecond."""
    return written(datetime.fromtimestamp(seconds, UTC))


def written(moment: datetime) -> str:
    """An instant as RFC 3339, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(given: str) -> datetime:
    """The instant that an RFC 3339 text names; without a zone it is UTC.

    Raises:
        ValueError: it names none.
    """
    moment = datetime.fromisoformat(given)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
