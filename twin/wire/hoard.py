"""What a played container holds of fragments: a stock, and who tells of it, for host and store."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.credential import Credential
from agent.fragments.ship import Sender
from agent.identity import Identity
from agent.ship import Line
from twin.turn import Holding
from twin.wire.couriers import Couriers
from twin.wire.stock import Stock

PATH: Final = "fragments"


@dataclass(frozen=True, slots=True)
class Told:
    """A stock, and who tells the collector of it."""

    stock: Stock
    sender: Sender


class Hoard:
    """The stocks of one container; used by one thread."""

    def __init__(
        self, container: str, credential: Credential, couriers: Couriers,
        line: Callable[[str], Line],
    ) -> None:  # fmt: skip
        """`line` makes a connection that posts to a path of the API."""
        self._container, self._credential = container, credential
        self._couriers, self._line = couriers, line
        self._told: dict[tuple[str, str], Told] = {}

    def take(self, holdings: Sequence[Holding], now: int) -> None:
        """Note what is held at `now` (Unix seconds); who tells of it asks by itself."""
        held = {(h.host, h.store): h for h in holdings}
        for place, told in list(self._told.items()):
            if told.sender.ended:  # only a new epoch will be taken
                self._couriers.remove(told.sender)
                told.sender.close()
                del self._told[place]
            elif place not in held:
                told.stock.empty()
        for place, holding in held.items():
            if place in self._told:
                self._told[place].stock.take(holding, now)
            else:
                self._told[place] = self._begun(holding, now)

    def close(self) -> None:
        """Let go of the connections."""
        for told in self._told.values():
            told.sender.close()

    def _begun(self, holding: Holding, now: int) -> Told:
        stock = Stock.of(holding, secrets.token_hex(8))
        stock.take(holding, now)
        who = Identity(holding.host, self._container)
        sender = Sender(holding.store, who, stock, self._credential, self._line(PATH))
        self._couriers.add(sender, aside=True)
        return Told(stock, sender)
