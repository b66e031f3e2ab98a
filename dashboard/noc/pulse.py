"""What is new on a screen: asked every two seconds by each page, written once for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import flask

from dashboard import sheet
from dashboard.noc import address
from dashboard.noc.watch import Watch
from dashboard.session import Visit
from dashboard.sheet import Sheet
from vigie.errors import Refused, Unavailable

Head = dict[str, Any]


def stand(server: flask.Flask, watch: Watch) -> None:
    """Route `/board`: the parts of the board at `path` and `query` that the page does not have.

    `board` and `known`, each `part:version`, say what it has.
    """

    @server.get("/board")
    def board() -> flask.Response:
        asked = flask.request.args
        at = address.read(asked.get("path"), asked.get("query"), watch.language)
        known = versions(asked.getlist("known")) if asked.get("board") == at.board else {}
        head, parts = news(watch, flask.g.visit, at, known)
        return flask.Response(sheet.answer(head, parts), content_type="application/json")


def news(
    watch: Watch, visit: Visit, at: address.Address, known: Mapping[str, str]
) -> tuple[Head, Mapping[str, bytes]]:
    """How the board is, and the parts of it that changed.

    `silent` is for how many seconds the API said nothing, `trouble` why; `now` is Unix time.
    """
    head: Head = {"now": watch.now(), "page": at.page, "board": at.board, "versions": known}
    try:
        found = watch.board(visit, at)
    except (Refused, Unavailable) as error:
        return {**head, "trouble": str(error), "silent": 0}, {}
    content: Sheet = found.content
    head |= {
        "versions": content.versions, "trouble": found.trouble,
        "silent": watch.boards.age(found),
    }  # fmt: skip
    return head, content.after(known)


def versions(words: Sequence[str]) -> dict[str, str]:
    """`part:version` words as a mapping; a version has no colon."""
    return {name: version for name, _, version in (word.rpartition(":") for word in words)}
