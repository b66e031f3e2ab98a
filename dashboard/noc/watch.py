"""What the screens stand on: sessions, boards, clocks. Made once by the service."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import dash

from dashboard import sheet
from dashboard.board import Board, Boards, Pending
from dashboard.changes import Changes
from dashboard.figures.line import Drawing
from dashboard.noc import curves
from dashboard.noc.address import Address
from dashboard.noc.rates import Rates
from dashboard.noc.view import View
from dashboard.questions import Asker
from dashboard.session import Sessions, Visit
from dashboard.sharing import Shared
from dashboard.sheet import Sheet
from dashboard.text import say
from vigie.client import Client
from vigie.errors import Refused, Unavailable

COOKIE: Final = "vigie_session"
CHART_TICK_SECONDS: Final = 4.0


@dataclass(frozen=True)
class Watch:
    """One dashboard: who is in, and what was last read for whom."""

    sessions: Sessions
    zone: ZoneInfo
    language: str
    patient: Callable[[str], Client]
    """A client of the API, by a person's token, that waits for what takes long."""
    now: Callable[[], float] = time.time
    boards: Boards = field(default_factory=lambda: Boards(time.monotonic))
    changes: Changes = field(default_factory=lambda: Changes(time.monotonic))
    rates: Rates = field(default_factory=Rates)

    def visit(self) -> Visit:
        """The session behind the callback that is running.

        Raises:
            Refused: it has ended.
        """
        visit = self.sessions.find(dash.ctx.cookies.get(COOKIE, ""), self.now())
        if visit is None:
            raise Refused(401, "the session has ended")
        return visit

    def asker(self, visit: Visit, site: str, language: str) -> Asker:
        """Who asks for this person: of a container, or of all that they may see."""
        client = Shared(visit.client, self.boards, visit.rights, self.changes.at(visit.rights))
        return Asker(client, language, site or visit.person.scope)

    def board(self, visit: Visit, address: Address) -> Board:
        """A `Sheet` of all that is on a screen, read once per tick for all who may see the same."""
        ask = self.asker(visit, address.site, address.language)
        newer = self.changes.at(visit.rights)

        def slow(name: str, seconds: float, read: Callable[[], Any]) -> Any:
            key = (visit.rights, address.page, "slow", name)
            board = self.boards.get(key, read, tick=seconds, newer=newer)
            if board.trouble:
                raise Unavailable(board.trouble)
            return board.content

        def aside(name: str, seconds: float, read: Callable[[Asker], Any]) -> Any:
            def read_long() -> Any:
                with closing(self.patient(visit.token)) as client:
                    return read(replace(ask, client=client))

            key = (visit.rights, address.page, "aside", name)
            try:
                board = self.boards.aside(key, read_long, tick=seconds)
            except Pending as error:
                raise Pending(say("being_read", address.language)) from error
            if board.trouble:
                raise Unavailable(board.trouble)
            return board.content

        def read() -> Sheet:
            with closing(visit.client):
                view = View(ask, self.now(), self.zone, self.rates, slow, address.chosen, aside)
                return sheet.written(address.screen.content(view))

        return self.boards.get((visit.rights, address.board), read, newer=newer)

    def drawing(
        self, visit: Visit, ask: Asker, name: str, span: curves.Period
    ) -> tuple[Drawing, str]:
        """The values of one chart over a period.

        With it comes why they are not of now, if the API could not be asked again.
        """

        def read() -> Drawing:
            with closing(visit.client):
                return curves.CURVES[name](curves.Wanted(ask, span, self.now()))

        key = (visit.rights, ask.scope, ask.language, span.name, name)
        board = self.boards.get(key, read, tick=CHART_TICK_SECONDS)
        return board.content, board.trouble
