"""Threads that decode what senders posted, so that nobody waits behind a large body."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from collector.intake.decode import decode
from collector.store.entry import Decoded, Envelope
from vigie.errors import VigieError

log = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 0.02
"""Posts that follow each other so soon are decoded one after the other: ten together cost half of
what ten apart do, since what they need is still at hand."""
ENOUGH: Final = 16
"""So many are worth beginning with at once."""
MOST: Final = 256
LARGE_BYTES: Final = 128 * 2**10
"""A body from this size is decoded beside the others."""


@dataclass(frozen=True, slots=True)
class Post:
    """A body to decode, and whom to tell."""

    envelope: Envelope
    body: bytes
    done: Callable[[Decoded | Exception], None]


class Readers:
    """A thread for small bodies and one for large ones; each takes its posts as they came.

    More of them would only wait for each other: the interpreter lets one at a time at Python.
    """

    def __init__(self) -> None:
        self._small: SimpleQueue[Post] = SimpleQueue()
        self._large: SimpleQueue[Post] = SimpleQueue()
        for queue in (self._small, self._large):
            threading.Thread(target=_run, args=(queue,), name="decode", daemon=True).start()

    def put(self, post: Post) -> None:
        """Have a post decoded."""
        queue = self._small if len(post.body) < LARGE_BYTES else self._large
        queue.put(post)


def _run(queue: "SimpleQueue[Post]") -> None:
    began = float("-inf")
    while True:
        posts = [queue.get()]
        left = began + WINDOW_SECONDS - time.monotonic()
        if left > 0 and queue.qsize() < ENOUGH:
            time.sleep(left)
        began = time.monotonic()
        with contextlib.suppress(Empty):
            while len(posts) < MOST:
                posts.append(queue.get_nowait())
        for post in posts:
            serve(post)


def serve(post: Post) -> None:
    """Decode one post and tell; what goes wrong there is no matter of the others."""
    try:
        post.done(_decoded(post))
    except Exception as error:
        log.exception("a request of a sender failed")
        post.done(error)


def _decoded(post: Post) -> Decoded | Exception:
    try:
        return decode(post.body, post.envelope)
    except VigieError as error:
        return error
