"""`incidents`: alerts that belong together, what people did about them, and the signed evidence."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from alerts.chronicle import Episode
from alerts.incidents.bundle import Sealer
from alerts.incidents.incident import (
    MAX_ALERTS,
    MAX_TITLE,
    MAX_WORDS,
    Act,
    Incident,
    Stage,
    Step,
    common,
)
from collector import times
from collector.api.access import Reading, narrowed, require
from collector.api.alerts import Language
from collector.api.events import moment
from collector.api.latest import Scope
from collector.duties.evidence import Evidence
from collector.duties.incidents import Incidents, reply
from collector.people import Caller, check_scope
from vigie import replies
from vigie.ed25519 import fingerprint, pem
from vigie.errors import Refused
from vigie.network.places import inside

MEDIA: Final = "application/gzip"
PIECE: Final = 2**18

Acting = Annotated[Caller, Depends(require("operator", "shift lead", "auditor"))]
States = Annotated[Literal["open", "closed", "all"], Query()]
Words = Annotated[str, Field(max_length=MAX_WORDS)]
Ids = Annotated[list[str], Field(max_length=MAX_ALERTS)]


class Wish(BaseModel):
    """A new incident: of these alerts, or of all in a scope since a time (default: open now).

    `detected` is when a person noticed, where no alert did before.
    """

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=MAX_TITLE)
    alerts: Ids | None = None
    scope: str | None = None
    since: str | None = None
    detected: str | None = None
    note: Words = ""


class Note(BaseModel):
    """What a person has to say; `filed` is what was sent to the authority, `at` that time."""

    model_config = ConfigDict(extra="forbid")

    note: Words
    filed: Literal["early_warning", "notification", "final_report"] | None = None
    at: str | None = None


class More(BaseModel):
    """Alerts that belong to it too; `outage`: each means, or not, that service was unavailable."""

    model_config = ConfigDict(extra="forbid")

    alerts: Ids
    outage: bool | None = None
    note: Words = ""


class End(BaseModel):
    """Why it is over; `ended` is since when, where its alerts do not say."""

    model_config = ConfigDict(extra="forbid")

    note: Words
    ended: str | None = None


def routes(
    incidents: Incidents, evidence: Evidence, sealer: Sealer, clock: Callable[[], float]
) -> APIRouter:  # fmt: skip
    """`sealer` signs bundles, `clock` tells Unix time."""
    router = APIRouter()
    desk = Desk(incidents, clock)
    _read(router, desk, evidence, sealer)
    _write(router, desk)
    return router


class Desk:
    """Does what callers may do."""

    def __init__(self, incidents: Incidents, clock: Callable[[], float]) -> None:
        self.incidents, self.clock = incidents, clock

    def mine(self, name: str, asking: Caller) -> Incident:
        """The incident of that id within the caller's scope; outside is as if it were not there."""
        found = self.incidents.book.incident(name)
        if not inside(found.scope, asking.scope):
            raise Refused(404, f"no incident {name!r:.80}; see vigie incident list")
        return found

    def alerts(self, ids: list[str], asking: Caller) -> list[Episode]:
        """The alerts of these identities, all of them within the caller's scope."""
        found = [e for e in self.incidents.named(ids) if inside(e.container, asking.scope)]
        unknown = set(ids) - {episode.id for episode in found}
        if unknown:
            raise Refused(404, f"no alert {min(unknown)!r:.80}")
        return found

    def open(self, wish: Wish, asking: Caller) -> Incident:
        """Begin an incident."""
        act = self.act(Step.OPENED, asking, wish.note, at=wish.detected)
        scope = wish.scope if wish.scope is None else narrowed(asking, wish.scope)
        if scope is not None:
            check_scope(scope)
        if wish.alerts is not None:
            found = self.alerts(wish.alerts, asking)
        elif scope is None:
            raise Refused(400, "alerts or scope: say what it is about")
        else:
            since = moment("since", wish.since)
            start = act.time if since is None else since.timestamp()
            found = self.incidents.gathered(scope, start, act.time)
        paths = [episode.container for episode in found]
        scope = common([*paths, *([] if scope is None else [scope])])
        act = replace(act, alerts=tuple(episode.id for episode in found))
        return self.incidents.book.open(wish.title, scope, act)

    def add(self, name: str, given: More, asking: Caller) -> Incident:
        """Add alerts to an incident."""
        known = self.mine(name, asking)
        found = self.alerts(given.alerts, asking)
        act = replace(
            self.act(Step.ADDED, asking, given.note),
            alerts=tuple(given.alerts), outage=given.outage,
        )  # fmt: skip
        scope = common([known.scope, *(episode.container for episode in found)])
        return self.incidents.book.add(name, act, scope)

    def act(self, step: Step, asking: Caller, words: str, *, at: str | None = None) -> Act:
        """An act of the caller, who is a person.

        Raises:
            Refused: 403, it is none.
        """
        if asking.kind != "person":
            raise Refused(403, f"a {asking.kind} cannot answer for an incident; a person can")
        said = moment("detected, at, ended", at)
        return Act(
            step, self.clock(), asking.name, asking.principal, words.strip(),
            at=None if said is None else said.timestamp(),
        )  # fmt: skip

    def reply(self, incident: Incident, language: str) -> replies.Incident:
        """An incident as it is answered."""
        now = self.clock()
        return reply(self.incidents.look(incident, now), self.incidents, now, language)

    def line(self, incident: Incident, language: str) -> replies.Incident:
        """The same for a list: without alerts and timeline."""
        now = self.clock()
        looked = self.incidents.look(incident, now, whole=False)
        return replace(reply(looked, self.incidents, now, language), alerts=[])


def _read(router: APIRouter, desk: Desk, evidence: Evidence, sealer: Sealer) -> None:
    @router.get("/incidents")
    def incidents(
        asking: Reading, state: States = "all", scope: Scope = None, language: Language = "fr"
    ) -> replies.Incidents:
        """Those of your scope, the newest first, without their alerts and timelines."""
        within = narrowed(asking, scope)
        found = [
            desk.line(incident, language)
            for incident in desk.incidents.book.all()
            if inside(incident.scope, within)
            and state in {"all", "open" if incident.closed is None else "closed"}
        ]
        return replies.Incidents(times.text(desk.clock()), found)

    @router.get("/incidents/{name}")
    def incident(asking: Reading, name: str, language: Language = "fr") -> replies.Incident:
        """One, whole: its clock, its deadlines, what was unavailable, its alerts and timeline."""
        return desk.reply(desk.mine(name, asking), language)

    @router.get("/incidents/{name}/bundle", response_class=Response)
    def bundle(asking: Acting, name: str) -> Response:
        """All of it as one signed archive: readings, alerts, who did what. That it was made stays.

        A tar.gz; docs/incidents.md says what is in it, and how to verify it.
        """
        desk.mine(name, asking)
        act = desk.act(Step.BUNDLED, asking, "")
        now = act.time
        looked = desk.incidents.look(desk.incidents.book.add(name, act), now)
        file = evidence.bundle(looked, now)
        headers = {"Content-Disposition": f'attachment; filename="{looked.incident.id}.tar.gz"'}
        return StreamingResponse(_pieces(file), media_type=MEDIA, headers=headers)

    @router.get("/signing-key")
    def signing_key(_: Reading) -> replies.SigningKey:
        """The public key with which this collector signs, and its fingerprint to compare."""
        return replies.SigningKey(fingerprint(sealer.public), pem(sealer.public))


def _write(router: APIRouter, desk: Desk) -> None:
    book = desk.incidents.book

    @router.post("/incidents")
    def open_incident(asking: Acting, wish: Wish, language: Language = "fr") -> replies.Incident:
        """Open an incident: of alerts, or of all that people were told of in a scope."""
        return desk.reply(desk.open(wish, asking), language)

    @router.post("/incidents/{name}/note")
    def note(asking: Acting, name: str, given: Note, language: Language = "fr") -> replies.Incident:
        """Write something down, or that something was filed with the authority."""
        desk.mine(name, asking)
        stage = None if given.filed is None else Stage(given.filed)
        step = Step.NOTED if stage is None else Step.FILED
        act = replace(desk.act(step, asking, given.note, at=given.at), stage=stage)
        return desk.reply(book.add(name, act), language)

    @router.post("/incidents/{name}/add")
    def add(asking: Acting, name: str, given: More, language: Language = "fr") -> replies.Incident:
        """Add alerts, or say which of its alerts mean that service was unavailable."""
        return desk.reply(desk.add(name, given, asking), language)

    @router.post("/incidents/{name}/close")
    def close(asking: Acting, name: str, given: End, language: Language = "fr") -> replies.Incident:
        """Say that it is over; notes and what is filed are still taken."""
        desk.mine(name, asking)
        act = desk.act(Step.CLOSED, asking, given.note, at=given.ended)
        return desk.reply(book.add(name, act), language)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
