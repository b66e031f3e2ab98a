"""`receivers`: who is told of alerts, how that goes, what never arrived, and trying again."""

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from alerts.delivery import letters as kept
from alerts.delivery.letters import Act, Closure, Letter
from alerts.delivery.message import trial
from alerts.delivery.outbox import DEAD, WAITING, Outbox
from alerts.receivers.outcome import Verdict
from collector import times
from collector.api.access import Reading, require
from collector.api.alerts import Language
from collector.duties.deliver import Deliver, Line
from collector.people import Caller
from vigie import replies
from vigie.document import suggestion
from vigie.errors import Refused
from vigie.network.places import inside
from vigie.replies.receivers import LetterState

log = logging.getLogger(__name__)

MAX_REPLAYED: Final = 1_000
"""Letters that are sent once more by one act."""

Telling = Annotated[Caller, Depends(require("operator", "shift lead", "registrar"))]
State = Annotated[LetterState, Query(description="waiting, sent or dead")]
Limit = Annotated[int, Query(ge=1, le=kept.MAX_LISTED)]


class Wanted(BaseModel):
    """Which dead letters to send once more, by number; without any, all of the receiver."""

    model_config = ConfigDict(extra="forbid")

    letters: list[int] | None = Field(None, max_length=MAX_REPLAYED)


@dataclass(frozen=True, slots=True)
class Telegraph:
    """What sends, what it holds, and that as people see it."""

    deliver: Deliver
    outbox: Outbox
    letters: kept.Letters


def routes(telegraph: Telegraph, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()
    _reading(router, telegraph, clock)
    _acting(router, telegraph, clock)
    return router


def _reading(router: APIRouter, telegraph: Telegraph, clock: Callable[[], float]) -> None:
    @router.get("/receivers")
    def receivers(asking: Reading) -> replies.Receivers:
        """Who hears of alerts within your scope, and how telling them goes."""
        found = View(
            telegraph.outbox.counts(), telegraph.outbox.taken(), telegraph.letters.closures()
        )
        lines = telegraph.deliver.lines.values()
        seen = [found.reply(line, asking, clock()) for line in lines if _hears(line, asking)]
        return replies.Receivers(times.text(clock()), seen)

    @router.get("/letters")
    def letters(
        asking: Reading, state: State = "dead", receiver: str | None = None,
        language: Language = "fr", limit: Limit = 100,
    ) -> replies.Letters:  # fmt: skip
        """Messages about alerts within your scope, the newest first: those never taken, or all."""
        found = telegraph.letters.listed(state, receiver)
        seen = [(letter, content) for letter in found if (content := _content(letter, asking))]
        told = [_letter(letter, content, language) for letter, content in seen[:limit]]
        return replies.Letters(times.text(clock()), told)


def _acting(router: APIRouter, telegraph: Telegraph, clock: Callable[[], float]) -> None:
    deliver, letters = telegraph.deliver, telegraph.letters

    @router.post("/receivers/{name}/test")
    def test(asking: Telling, name: str) -> replies.ReceiverTest:
        """Send a message that says that it is a test, now and once; what came back.

        One that arrives opens a receiver that had said that it is gone.
        """
        _mine(deliver, asking, name)
        now, began = clock(), time.monotonic()
        message = trial(name, f"test-{secrets.token_hex(8)}", now)
        outcome = deliver.test(name, message, now)
        act = Act(now, asking.principal, "test", name, outcome.verdict.value)
        letters.tested(act, opens=outcome.verdict is Verdict.DELIVERED)
        deliver.wake()
        fields = {"receiver": name, "verdict": outcome.verdict.value, "by": asking.principal}
        log.info("receiver tested", extra=fields)
        return replies.ReceiverTest(
            name, message.id, outcome.verdict.value, outcome.reason or None,
            round(time.monotonic() - began, 3), outcome.retry_after,
        )  # fmt: skip

    @router.post("/receivers/{name}/replay")
    def replay(asking: Telling, name: str, wanted: Wanted) -> replies.Replayed:
        """Send dead letters once more, with the identities that they had."""
        _mine(deliver, asking, name)
        dead = [letter.number for letter in letters.listed(DEAD, name, MAX_REPLAYED)]
        if wanted.letters is not None:
            strange = [number for number in wanted.letters if number not in dead]
            if strange:
                raise Refused(409, f"letter {strange[0]} is no dead letter of {name}")
            dead = wanted.letters
        numbers = sorted(set(dead))
        letters.replay(numbers, asking.principal, clock())
        deliver.wake()
        fields = {"receiver": name, "count": len(numbers), "by": asking.principal}
        log.info("dead letters are sent once more", extra=fields)
        return replies.Replayed(name, numbers)


@dataclass(frozen=True, slots=True)
class View:
    """What the database knows of all receivers."""

    counts: Mapping[tuple[str, str], int]
    taken: Mapping[str, float]
    closures: Mapping[str, Closure]

    def reply(self, line: Line, asking: Caller, now: float) -> replies.Receiver:
        """One receiver as it is answered."""
        declared, closure = line.declared, self.closures.get(line.declared.name)
        closed = closure is not None and closure.url == declared.url
        whole = inside(declared.scope, asking.scope)
        count = {state: self.counts.get((declared.name, state), 0) for state in (WAITING, DEAD)}
        fault = closure.reason if closure is not None and closed else line.fault
        return replies.Receiver(
            name=declared.name,
            kind=declared.kind,
            format=declared.format if declared.kind == "webhook" else None,
            where=_where(declared.url),
            scope=declared.scope,
            min_priority=declared.min_priority,
            simulated_allowed=declared.simulated_allowed,
            waiting=count[WAITING] if whole else None,
            dead=count[DEAD] if whole else None,
            last_taken=_moment(self.taken.get(declared.name)),
            fault=fault or None,
            failing_since=_moment(line.failing),
            next_try=_moment(line.paused) if line.paused > now and not closed else None,
            closed_since=_moment(closure.since) if closure is not None and closed else None,
        )


def _where(url: str) -> str:
    """Scheme, host and port: a chat's URL is a secret from its path on."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else times.text(seconds)


def _hears(line: Line, asking: Caller) -> bool:
    """Whether a receiver hears of something that the caller may see."""
    scope = line.declared.scope
    return inside(scope, asking.scope) or inside(asking.scope, scope)


def _mine(deliver: Deliver, asking: Caller, name: str) -> None:
    """Raise Refused where the caller may not act on a receiver, or there is none."""
    line = deliver.lines.get(name)
    if line is None or not _hears(line, asking):
        known = [n for n, found in deliver.lines.items() if _hears(found, asking)]
        raise Refused(404, f"no receiver {name!r:.80}; {suggestion(name, known)}")
    if not inside(line.declared.scope, asking.scope):
        raise Refused(403, f"{name} hears of more than your scope, {asking.scope!r}")


def _content(letter: Letter, asking: Caller) -> Mapping[str, Any] | None:
    """What a letter says; None where it speaks of anything outside the caller's scope."""
    try:
        content: Mapping[str, Any] = json.loads(letter.message.body)
        data = content["data"]
    except (ValueError, KeyError, TypeError):
        return None  # no letter of ours
    group = data.get("group")
    told: Sequence[Mapping[str, Any]] = group["members"] if group else [data]
    if asking.scope and group and group["count"] > len(told):
        return None  # nobody knows here whom the rest is about
    return content if all(_visible(one, asking.scope) for one in told) else None


def _visible(data: Mapping[str, Any], scope: str) -> bool:
    container = str(data.get("container") or "")
    host = (data.get("keys") or {}).get("host")
    return inside(container, scope) or (bool(host) and inside(f"{container}/{host}", scope))


def _letter(letter: Letter, content: Mapping[str, Any], language: str) -> replies.Letter:
    data = content["data"]
    title = (data.get("title") or {}).get(language)
    return replies.Letter(
        number=letter.number,
        receiver=letter.receiver,
        id=letter.message.id,
        state=letter.state,  # type: ignore[arg-type]  # the outbox has no other
        type=str(content.get("type") or ""),
        priority=data.get("priority"),
        subject=str(data.get("subject") or ""),
        title=str(title or data.get("rule") or ""),
        alerts=len(letter.message.alerts),
        simulated=bool(data.get("simulated")),
        created=times.text(letter.created),
        ended=_moment(letter.ended),
        attempts=letter.failures,
        reason=letter.reason,
    )
