"""`reports`: from draft to sent; `thresholds`: who has to report; `pilots`: what partners share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from collector import times
from collector.api.access import Reading, narrowed, require
from collector.duties.reports import Reporting, Wanted, reply
from collector.kpis import period as periods
from collector.people import Caller
from collector.reports.desk import Desk
from vigie.errors import QueryError, Refused
from vigie.network.places import inside
from vigie.replies import Ledger, Report, Reports, Thresholds

Drafter = Annotated[
    Caller, Depends(require("operator", "shift lead", "auditor", "publisher"))
]  # fmt: skip
Reviewer = Annotated[Caller, Depends(require("auditor"))]
Publisher = Annotated[Caller, Depends(require("publisher"))]


@dataclass(frozen=True, slots=True)
class Draft:
    """Which report to draft: eu, fr or de, of one site and one calendar year."""

    form: str
    site: str
    year: int


@dataclass(frozen=True, slots=True)
class Act:
    """A step of a report: the `hash` of what was read, and words; the receipt when it is sent."""

    hash: str
    note: str = ""


def routes(reporting: Reporting, desk: Desk, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()
    _read(router, reporting, desk, clock)
    _write(router, reporting, desk, clock)
    return router


def _read(router: APIRouter, reporting: Reporting, desk: Desk, clock: Callable[[], float]) -> None:
    @router.get("/reports")
    def reports(asking: Reading) -> Reports:
        """Those of your scope, oldest first, without their fields."""
        mine = [reply(r) for r in desk.reports() if inside(r.site, asking.scope)]
        return Reports(times.text(clock()), [replace(r, fields=[]) for r in mine])

    @router.get("/reports/{name}")
    def report(name: str, asking: Reading) -> Report:
        """One, whole."""
        return reply(desk.report(_seen(desk, name, asking)))

    @router.get("/thresholds")
    def thresholds(asking: Reading, scope: str | None = None) -> Thresholds:
        """How near establishments are to the power from which they must report."""
        return reporting.thresholds(narrowed(asking, scope), _instant(clock))

    @router.get("/pilots/{name}/ledger")
    def ledger(
        name: str, asking: Reading,
        start: Annotated[str, Query(alias="from", description="RFC 3339")],
        end: Annotated[str | None, Query(alias="to", description="RFC 3339")] = None,
    ) -> Ledger:  # fmt: skip
        """What each partner hosts for others and is hosted, over a period."""
        if not all(inside(site, asking.scope) for site in reporting.pilot_sites(name)):
            raise Refused(403, f"pilot {name!r:.80} spans more than your scope, {asking.scope!r}")
        now = _instant(clock)
        try:
            first, last = times.read(start), times.read(end) if end else now
        except ValueError as error:
            raise QueryError("from, to: a time like 2026-03-01T12:00:00Z is wanted") from error
        return reporting.ledger(name, periods.between(first, last, now), now)


def _write(router: APIRouter, reporting: Reporting, desk: Desk, clock: Callable[[], float]) -> None:
    def advance(name: str, state: str, act: Act, asking: Caller) -> Report:
        return reporting.advance(
            _seen(desk, name, asking), state,
            digest=act.hash, person=asking.name, note=act.note, now=_instant(clock),
        )  # fmt: skip

    @router.post("/reports")
    def draft(draft: Draft, asking: Drafter) -> Report:
        """Draft one from what is known now; refused where any of it is simulated."""
        if not inside(draft.site, asking.scope):
            raise Refused(403, f"{draft.site!r:.80} is outside your scope, {asking.scope!r}")
        wanted = Wanted(draft.form, draft.site, draft.year)
        return reporting.draft(wanted, person=asking.name, now=_instant(clock))

    @router.post("/reports/{name}/review")
    def review(name: str, act: Act, asking: Reviewer) -> Report:
        """Say that a draft was reviewed."""
        return advance(name, "reviewed", act, asking)

    @router.post("/reports/{name}/attest")
    def attest(name: str, act: Act, asking: Publisher) -> Report:
        """Attest a reviewed one; not by who reviewed it."""
        return advance(name, "attested", act, asking)

    @router.post("/reports/{name}/send")
    def send(name: str, act: Act, asking: Publisher) -> Report:
        """Say that an attested one was sent, with the receipt."""
        return advance(name, "sent", act, asking)


def _instant(clock: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(clock(), UTC)


def _seen(desk: Desk, name: str, asking: Caller) -> str:
    if not inside(desk.report(name).site, asking.scope):
        raise Refused(403, f"{name} is of a site outside your scope, {asking.scope!r}")
    return name
