"""Reports on request: the facts of a site's year, the ledger of a pilot, the thresholds."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from collector import times
from collector.kpis import period as periods
from collector.kpis.facts import Facts
from collector.kpis.period import Period
from collector.reports import desk as desks
from collector.reports import eed, forms
from collector.reports.desk import Desk
from collector.reports.entry import Entry, Field
from collector.reports.pilot import ledger
from collector.reports.threshold import watches
from vigie.errors import Refused
from vigie.network.network import Network
from vigie.replies import (
    Ledger,
    LedgerLine,
    Report,
    ReportField,
    ReportStep,
    Threshold,
    Thresholds,
)

Gather = Callable[[str, Period, datetime], Facts]
"""The facts of a scope and period, asked for at an instant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report: a form of a site and calendar year."""

    form: str
    site: str
    year: int


class Reporting:
    """Makes reports, and brings them on their way."""

    def __init__(self, gather: Gather, network: Callable[[], Network], desk: Desk) -> None:
        self._gather, self._network, self._desk = gather, network, desk

    def draft(self, wanted: Wanted, *, person: str, now: datetime) -> Report:
        """Lay down the report of a year as it is known now.

        Raises:
            Refused: 404 no such site or form, 409 it is simulated or has nothing in service, 422
                the year is to come.
        """
        form = forms.FORMS.get(wanted.form)
        site = self._network().site(wanted.site)
        if form is None:
            raise Refused(404, f"no form {wanted.form!r:.40}; there are {', '.join(forms.FORMS)}")
        if site is None or site.id != wanted.site:
            raise Refused(404, f"no site {wanted.site!r:.80}")
        zone = ZoneInfo(site.timezone)
        start = datetime(wanted.year, 1, 1, tzinfo=zone)
        if start >= now:
            raise Refused(422, f"{wanted.year} has not begun at {site.id}")
        end = datetime(wanted.year + 1, 1, 1, tzinfo=zone)
        facts = self._gather(site.id, periods.between(start, end, now), now)
        entries = eed.record(facts, site)
        entries |= {f.code: forms.added(f.code, facts, site) for f, _ in form.added}
        content = {
            "complete": end <= now,
            "network_version": facts.network.version,
            "fields": [_written(field, entries[field.code], verified=verified)
                       for field, verified in form.lines()],
        }  # fmt: skip
        laid = self._desk.draft(
            wanted.form, wanted.site, wanted.year, content, person=person, now=now.timestamp()
        )
        return reply(laid)

    def advance(self, name: str, state: str, *, digest: str, person: str, note: str,
                now: datetime) -> Report:  # fmt: skip
        """Bring a report to its next state. Raises Refused as `Desk.advance`; 409 a year that runs.

        What is attested is of a whole year.
        """
        if state == "attested" and not self._desk.report(name).content["complete"]:
            raise Refused(
                409, f"{name} is of a year that is not over: draft it again after its end"
            )
        return reply(
            self._desk.advance(
                name, state, digest=digest, person=person, note=note, now=now.timestamp()
            )
        )

    def thresholds(self, scope: str, now: datetime) -> Thresholds:
        """How near the sites of a scope are to having to report."""
        network = self._network()
        seen = {c.site for c in network.within(scope)}
        found = [w for w in watches(network) if set(w.sites) <= seen]
        return Thresholds(
            times.written(now), network.version,
            [
                Threshold(
                    w.subject, w.law, w.threshold_watts, w.watts, w.ratio, w.state,
                    list(w.sites), list(w.unknown), w.simulated,
                )
                for w in found
            ],
        )  # fmt: skip

    def ledger(self, name: str, period: Period, now: datetime) -> Ledger:
        """What each partner of a pilot gave to the others in a period.

        Raises:
            Refused: 404, there is no such pilot.
        """
        network = self._network()
        pilot = next((p for p in network.pilots if p.id == name), None)
        if pilot is None:
            raise Refused(404, f"no pilot {name!r:.80}")
        lines = ledger(self._gather("", period, now), pilot)
        return Ledger(
            times.written(now), pilot.id, pilot.name, times.written(period.start),
            times.written(period.end), any(line.simulated for line in lines),
            [
                LedgerLine(
                    line.operator, line.container, line.offered, line.used, line.hosted,
                    line.spent, line.repaired, line.simulated,
                )
                for line in lines
            ],
        )  # fmt: skip

    def pilot_sites(self, name: str) -> frozenset[str]:
        """The sites that take part in a pilot; none where there is no such pilot."""
        pilots = [p for p in self._network().pilots if p.id == name]
        return frozenset(
            partner.container.partition("/")[0] for p in pilots for partner in p.partners
        )


def reply(report: desks.Report) -> Report:
    """A report as the API says it."""
    content = report.content
    return Report(
        report.id, report.form, forms.FORMS[report.form].title, report.site, report.year,
        report.state, report.hash, content["complete"], content["network_version"],
        report.corrects,
        [ReportStep(s.state, s.time, s.person, s.note) for s in report.steps],
        [ReportField(**field) for field in content["fields"]],
    )  # fmt: skip


def _written(field: Field, entry: Entry, *, verified: bool) -> dict[str, Any]:
    return dataclasses.asdict(
        ReportField(
            field.code, field.name, field.unit, field.annex, entry.value,
            entry.reason[1] if entry.reason else None, entry.source, entry.coverage,
            entry.quality, entry.note, verified,
        )
    )  # fmt: skip
