"""Questions that everybody with the same rights asks alike, put to the API once per tick."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from dashboard.board import Boards
from vigie.client import Client
from vigie.errors import Unavailable

T = TypeVar("T")
ALIKE: Final = frozenset({"containers", "alerts"})
"""What most screens ask, whatever else they show."""


class Asked(Protocol):
    """What answers the questions of screens: a client of the API, or who shares its answers."""

    def get(self, reply: type[T], path: str, **query: object) -> T:
        """As `Client.get`."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A client whose answers are handed to all who have the same `rights`.

    `newer`: answers that were begun to be read before this instant of the boards' clock are old.
    """

    client: Client
    boards: Boards
    rights: Hashable
    newer: float = float("-inf")

    def get(self, reply: type[T], path: str, **query: object) -> T:
        """As `Client.get`."""
        if path not in ALIKE:
            return self.client.get(reply, path, **query)
        key = (self.rights, "shared", path, tuple(sorted(query.items())))
        board = self.boards.get(
            key, lambda: self.client.get(reply, path, **query), newer=self.newer
        )
        if board.trouble:
            raise Unavailable(board.trouble)
        answer: T = board.content
        return answer
