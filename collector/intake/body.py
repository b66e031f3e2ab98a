"""A request body as frames' bytes: decompressed in a stream, within bounds."""

import threading
from typing import Final

import zstandard

from vigie.errors import FrameError, Refused
from vigie.frame import MAX_BODY_BYTES, MAX_RATIO, MAX_REQUEST_BYTES

_STEP: Final = 2**20
_MAX_WINDOW: Final = 2**23
"""8 MiB, what every zstd decoder must support; a larger one is only asked for to use memory."""
_THREAD: Final = threading.local()


def limit(received: int) -> int:
    """How many bytes a compressed body of that size may become.

    The ratio holds beyond what anybody may send uncompressed: a backlog of idle machines' frames,
    equal but for the time, compresses by more than 300 and is no attack.
    """
    return min(MAX_BODY_BYTES, max(MAX_REQUEST_BYTES, MAX_RATIO * received))


def expand(body: bytes, *, compressed: bool) -> bytes:
    """The bytes of the frames.

    Raises:
        Refused: 413, it is larger than allowed, before or after decompression.
        FrameError: `zstd`, it is not what it says.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise Refused(413, f"a request is at most {MAX_REQUEST_BYTES} bytes, this is {len(body)}")
    if not compressed:
        return body
    most = limit(len(body))
    try:
        declared = zstandard.frame_content_size(body)
        if declared > most:
            raise _too_large(len(body), most)
        return _whole(body) if declared > 0 else _stream(body, most)
    except zstandard.ZstdError:
        pass  # several frames after the other, perhaps
    try:
        return _stream(body, most)
    except zstandard.ZstdError as error:
        raise FrameError("zstd", f"Content-Encoding says zstd, the body is not: {error}") from error


def _whole(body: bytes) -> bytes:
    """One frame of a declared size: zstd writes into a buffer of that size and no further."""
    whole: bytes = _decompressor().decompress(body, allow_extra_data=False)
    return whole


def _stream(body: bytes, most: int) -> bytes:
    pieces, total = [], 0
    with _decompressor().stream_reader(body, read_across_frames=True) as reader:
        while piece := reader.read(_STEP):
            total += len(piece)
            if total > most:
                raise _too_large(len(body), most)
            pieces.append(piece)
    return b"".join(pieces)


def _decompressor() -> zstandard.ZstdDecompressor:
    """This thread's own: a context is dear to make, and not to be shared."""
    mine: zstandard.ZstdDecompressor | None = getattr(_THREAD, "decompressor", None)
    if mine is None:
        mine = _THREAD.decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    return mine


def _too_large(received: int, most: int) -> Refused:
    return Refused(413, f"{received} bytes may become at most {most}, and become more")
