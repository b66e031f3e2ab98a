"""How every program logs: one line to stderr, a constant message, then its fields as name=value."""

import json
import logging
import time
from typing import Final

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET: Final = ("apscheduler", "pyiceberg", "uvicorn")
"""Libraries that tell of every step; of them only warnings are shown."""


class Line(logging.Formatter):
    """`2026-03-01T12:00:00Z INFO collector.service ready data=/srv/vigie`."""

    converter = staticmethod(time.gmtime)
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ"
        )

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """The line; a field with spaces or line ends is quoted, so that it stays one line."""
        fields = {k: v for k, v in vars(record).items() if k not in _PLAIN}
        written = "".join(f" {name}={_value(value)}" for name, value in fields.items())
        return super().formatMessage(record) + written


def to_stderr(level: int = logging.INFO) -> None:
    """Log so from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=level, handlers=[handler])
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and not set(' "=') & set(text)
    return text if plain and text else json.dumps(text, ensure_ascii=False)
