"""The process in which a source lives apart: told through a pipe to open and to read, it answers.

`agent/apart.py` starts it and stands at the other end. A message is its length and a pickle; an
answer holds plain values only, fields by their names, so that the agent reads it without running
a line of it. When the pipe closes, or the agent dies, this ends.
"""

import logging
import os
import pickle
import queue
import signal
import struct
import threading
import time
from io import BytesIO
from typing import Any, BinaryIO, Final

from agent.source import Found, Source
from vigie import catalogue, logs
from vigie.errors import Absent, SourceFailed
from vigie.frame import Happening
from vigie.shape import Field, Measurement, Quality, Value

CODE: Final = "from agent.child import main; raise SystemExit(main())"
"""What the interpreter of that process runs."""
LENGTH: Final = struct.Struct("<I")
END_SECONDS: Final = 1.0
"""How long a source may take to close once nobody listens any more."""
_PARENT_DEATH_SIGNAL: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

log = logging.getLogger(__name__)


class _Plain(pickle.Unpickler):
    """Reads plain values, and refuses to look up anything by name."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def packed(message: object) -> bytes:
    """A message as it goes through the pipe."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def answered(body: bytes) -> tuple[Any, ...]:
    """An answer of the child.

    Raises:
        SourceFailed: `contract`, it holds more than plain values.
    """
    try:
        answer = _Plain(BytesIO(body)).load()
    except (pickle.UnpicklingError, EOFError, ValueError) as error:
        raise SourceFailed("contract", f"answer of its process: {error}") from error
    return tuple(answer)


def told(found: Found) -> tuple[Any, ...]:
    """What a turn found, in plain values."""
    return (
        [(f.measurement, f.name, list(cells)) for f, cells in found.columns.items()],
        [(h.code, h.time, dict(h.keys), h.detail) for h in found.happenings],
        {name: [q.code for q in each] for name, each in found.quality.items()},
        None if found.devices is None else [dict(row) for row in found.devices],
    )


def understood(plain: tuple[Any, ...], measurements: tuple[type[Measurement], ...]) -> Found:
    """The same again, keyed by the catalogue's own fields.

    Raises:
        SourceFailed: `contract`, it names a field that does not exist.
    """
    columns, happenings, quality, devices = plain
    qualities = list(Quality)
    cells: dict[Field, list[Value]] = {}
    for measurement, name, column in columns:
        cells[_field(measurement, name, measurements)] = column
    return Found(
        cells,
        [Happening(*happening) for happening in happenings],
        {name: [qualities[code] for code in each] for name, each in quality.items()},
        devices,
    )


def _field(measurement: str, name: str, declared: tuple[type[Measurement], ...]) -> Field:
    of = next((m for m in declared if m.name == measurement), catalogue.measurement(measurement))
    field = of.field(name) if of is not None else None
    if field is None:
        raise SourceFailed("contract", f"{measurement}.{name} is not in the catalogue")
    return field


def taken(body: bytes) -> tuple[Source | None, bytes]:
    """The source of the first message, and the answer; None where this process cannot have it."""
    try:
        source: Source = pickle.loads(pickle.loads(body))  # noqa: S301 - the agent's own
    except Exception as error:  # isolation point: one source
        log.exception("source cannot be taken over")
        return None, packed(("failed", "contract", f"its process cannot have it: {error}"))
    return source, packed(("taken",))


def answer(source: Source, request: tuple[Any, ...]) -> bytes:
    """Do what is asked, `("open",)` or `("read", now)`, and say what came of it."""
    try:
        if request[0] == "open":
            source.open()
            return packed(("open",))
        return packed(("found", *told(source.read(request[1]))))
    except Absent as error:
        return packed(("absent", str(error)))
    except SourceFailed as error:
        return packed(("failed", error.code, str(error)))
    except Exception as error:  # isolation point: one source
        log.exception("source broke", extra={"source": source.name})
        return packed(("broke", f"{type(error).__name__}: {error}"))


def _listen(pipe: BinaryIO, messages: "queue.SimpleQueue[bytes | None]") -> None:
    """Hand messages on until the pipe closes; then end, however the source hangs."""
    while len(head := pipe.read(LENGTH.size)) == LENGTH.size:
        messages.put(pipe.read(*LENGTH.unpack(head)))
    messages.put(None)
    time.sleep(END_SECONDS)
    os._exit(1)


def _bind() -> None:
    """End with the agent, and not before: with the thread that started it, says the kernel.

    A service manager tells all processes of a service to end at once; this one closes its source
    when the agent lets it go.
    """
    import ctypes

    signal.signal(signal.SIGTERM, lambda *_: None)
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both pipes, out of the way: what a library prints must not get between the answers."""
    ours = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return ours


def main() -> int:
    """Serve one source, the first message, until the pipe closes."""
    _bind()
    logs.to_stderr()
    into, out = _pipes()
    messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(into, messages), name="listen", daemon=True).start()
    source: Source | None = None
    while (body := messages.get()) is not None:
        if source is None:
            source, said = taken(body)
        else:
            said = answer(source, pickle.loads(body))  # noqa: S301 - the agent's own
        try:
            out.write(said)
            out.flush()
        except BrokenPipeError:
            break
    if source is not None:
        source.close()
    return 0
