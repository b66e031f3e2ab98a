"""What is to be said of an incident now: its alerts, its clock, what was away, its timeline."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from alerts import text
from alerts.chronicle import Chronicle, Episode
from alerts.delivery.outbox import SENT
from alerts.incidents.book import Book
from alerts.incidents.incident import Clock, Deadline, Incident, clock
from alerts.incidents.outage import Outage, Span, outage
from alerts.incidents.timeline import Entry, timeline
from alerts.register import withdrawn
from alerts.rule import Rule
from alerts.silence import Silence
from collector import times
from collector.networks import Networks
from vigie import replies
from vigie.database import Database
from vigie.network.places import Lifecycle, inside

CUT_OFF: Final = frozenset({"container_silent", "site_silent"})
"""Rules whose alerts mean an outage unless a person says otherwise: nothing within is heard."""


@dataclass(frozen=True, slots=True)
class Looked:
    """An incident with all that is known of it."""

    incident: Incident
    episodes: tuple[Episode, ...]
    clock: Clock
    outage: Outage | None
    entries: tuple[Entry, ...]

    @property
    def containers(self) -> list[str]:
        """The paths that its alerts are of: of containers, or of sites."""
        return sorted({episode.container for episode in self.episodes})

    @property
    def simulated(self) -> bool:
        """Whether any of it is."""
        return any(episode.simulated for episode in self.episodes)


class Incidents:
    """Looks at incidents; reads only."""

    def __init__(
        self, database: Database, rules: Callable[[], Mapping[str, Rule]], networks: Networks,
        silences: Callable[[], Iterable[Silence]] = tuple,
    ) -> None:  # fmt: skip
        """`database` holds the tables of incidents, alerts and messages.

        `silences` are all that are kept, those that are over too; windows of maintenance among
        them.
        """
        self.book, self._chronicle = Book(database), Chronicle(database)
        self._database, self._rules, self._networks = database, rules, networks
        self._silences = silences

    def look(self, incident: Incident, now: float, *, whole: bool = True) -> Looked:
        """All that is known of an incident now; without its timeline unless it is wanted whole."""
        episodes = tuple(self._chronicle.of(incident.alerts))
        found = clock(incident, episodes)
        away = self._outage(incident, episodes, found, now)
        entries: list[Entry] = []
        if whole:
            more = (
                self._notifications(incident),
                self._hidden(episodes, found, now),
                self._changes(episodes, found, now),
            )
            entries = timeline(incident, episodes, self.title, *more)
        return Looked(incident, episodes, found, away, tuple(entries))

    def gathered(self, scope: str, since: float, now: float) -> list[Episode]:
        """The alerts that people were told of in a scope from a time on, oldest first."""
        return [
            e for e in self._chronicle.between(since, now + 1)
            if e.announced and e.known is not None and inside(e.container, scope)
        ]  # fmt: skip

    def named(self, ids: Iterable[str]) -> list[Episode]:
        """The alerts of these identities that are kept, oldest first."""
        return self._chronicle.of(ids)

    def title(self, episode: Episode, language: str = "en") -> str:
        """What people read of an alert."""
        rule = self._rules().get(episode.rule) or withdrawn(episode.rule)
        return text.titled(rule, episode.about, None, language)

    def means_outage(self, incident: Incident, episode: Episode) -> bool:
        """Whether an alert of an incident means that its container was unavailable."""
        said = incident.alerts.get(episode.id)
        return episode.rule in CUT_OFF if said is None else said

    def _outage(
        self, incident: Incident, episodes: Sequence[Episode], found: Clock, now: float
    ) -> Outage | None:
        """What was away; None where nothing says that anything was or was not."""
        meant = [e for e in episodes if self.means_outage(incident, e)]
        judged = incident.alerts and None not in incident.alerts.values()
        if not meant and not judged:
            return None
        start = found.began if found.began is not None else now
        serving = self._serving(incident.scope, start)
        down: dict[str, list[Span]] = {}
        for episode in meant:
            for path in [p for p in serving if inside(p, episode.container)] or [episode.container]:
                down.setdefault(path, []).extend(episode.spans(now))
        planned = {
            path: [*self._in_network(path, start, now), *self._in_windows(path, start, now)]
            for path in down
        }
        return outage(down, planned, serving)

    def _serving(self, scope: str, at: float) -> list[str]:
        """The containers in a scope that were in service at a time."""
        network = self._networks.at(datetime.fromtimestamp(at, UTC))
        return [
            container.path for container in network.within(scope)
            if container.lifecycle in {Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE}
        ]  # fmt: skip

    def _in_network(self, path: str, start: float, end: float) -> Iterator[Span]:
        """When the network said that a container was in maintenance."""
        for since, until, version in self._versions(start, end):
            container = self._networks.network(version).container(path)
            if container is not None and container.lifecycle is Lifecycle.MAINTENANCE:
                yield max(since, start), min(until, end)

    def _in_windows(self, path: str, start: float, end: float) -> Iterator[Span]:
        """When maintenance of all of a container was declared; what is said afterwards is none."""
        for window in self._silences():
            whole = window.rule is None and not window.subject and inside(path, window.scope)
            if window.kind == "maintenance" and whole:
                since = max(window.starts, window.created)
                yield max(since, start), min(window.until, end)

    def _versions(self, start: float, end: float) -> Iterator[tuple[float, float, str]]:
        """From when until when which version of the network was in force."""
        history = self._networks.history()
        since = [version.valid_from.timestamp() for version in history]
        for first, last, version in zip(since, [*since[1:], end], history, strict=True):
            if first < end and last > start:
                yield first, last, version.hash

    def messages(self, incident: Incident) -> list[dict[str, Any]]:
        """The messages about its alerts, oldest first, for as long as they are kept."""
        rows = self._database.rows(
            "SELECT * FROM outbox WHERE alert IN (SELECT value FROM json_each(?1)) OR "
            "EXISTS (SELECT 1 FROM json_each(coalesce(alerts, '[]')) AS about "
            "WHERE about.value IN (SELECT value FROM json_each(?1))) ORDER BY number",
            json.dumps(list(incident.alerts)),
        )
        return [dict(row) for row in rows]

    def _notifications(self, incident: Incident) -> Iterator[Entry]:
        """Who was told, and when."""
        for row in self.messages(incident):
            ended = row["ended"]
            words = row["id"] if row["state"] == SENT else f"{row['id']}: {row['reason'] or ''}"
            yield Entry(
                row["created"] if ended is None else ended, "notification", row["state"],
                row["receiver"], alert=row["alert"], words=words,
            )  # fmt: skip

    def _hidden(self, episodes: Sequence[Episode], found: Clock, now: float) -> Iterator[Entry]:
        """What nobody was to be told of meanwhile, and who said so."""
        concerned = {e.container for e in episodes}
        end = now if found.ended is None else found.ended
        for one in self._silences():
            during = found.began is not None and one.starts < end and one.until > found.began
            if during and any(inside(one.scope, c) or inside(c, one.scope) for c in concerned):
                words = f"{times.text(one.starts)} to {times.text(one.expires)}: {one.reason}"
                yield Entry(one.created, one.kind, "declared", one.author, one.scope, words=words)
                if one.ended is not None:
                    yield Entry(one.ended, one.kind, "ended", one.ended_by, one.scope)

    def _changes(self, episodes: Sequence[Episode], found: Clock, now: float) -> Iterator[Entry]:
        """What was declared otherwise meanwhile of the containers concerned, or around them."""
        if found.began is None:
            return
        concerned = {e.container for e in episodes}
        end = now if found.ended is None else found.ended
        for version in self._networks.history():
            if found.began <= (at := version.valid_from.timestamp()) <= end:
                for path in version.changed:
                    if any(inside(path, c) or inside(c, path) for c in concerned):
                        words = f"version {version.hash[:12]}"
                        yield Entry(at, "network", "changed", None, path, words=words)


def reply(looked: Looked, incidents: Incidents, now: float, language: str) -> replies.Incident:
    """An incident as it is answered, whole."""
    incident, found, away = looked.incident, looked.clock, looked.outage
    closed = incident.closed
    return replies.Incident(
        id=incident.id,
        title=incident.title,
        scope=incident.scope,
        state="open" if closed is None else "closed",
        simulated=looked.simulated,
        opened=times.text(incident.opened.time),
        opened_by=incident.opened.person,
        closed=None if closed is None else times.text(closed.time),
        closed_by=None if closed is None else closed.person,
        began=_text(found.began),
        detected=_text(found.detected),
        acknowledged=_text(found.acknowledged),
        acknowledged_by=found.acknowledged_by,
        ended=_text(found.ended),
        deadlines=[_deadline(each, now) for each in found.deadlines],
        unavailable_seconds=None if away is None else away.limited,
        longest_seconds=None if away is None else away.longest,
        complete_seconds=None if away is None else away.complete,
        planned_seconds=None if away is None else away.planned,
        outages=[
            replies.IncidentOutage(d.container, d.unavailable, d.planned)
            for d in (() if away is None else away.down)
        ],
        signs=[] if away is None else list(away.signs),
        alerts=[_alert(each, incident, incidents, language) for each in looked.episodes],
        timeline=[
            replies.IncidentEntry(
                times.text(e.time), e.kind, e.what, e.who, e.subject, e.alert, e.words
            )
            for e in looked.entries
        ],
    )


def _alert(
    episode: Episode, incident: Incident, incidents: Incidents, language: str
) -> replies.IncidentAlert:
    taken = episode.taken
    return replies.IncidentAlert(
        id=episode.id,
        rule=episode.rule,
        title=incidents.title(episode, language),
        subject=episode.subject,
        priority=episode.priority,
        began=times.text(episode.began),
        fired=_text(episode.fired),
        acknowledged=None if taken is None else times.text(taken.time),
        acknowledged_by=None if taken is None else taken.person,
        ended=_text(episode.ended),
        outage=incidents.means_outage(incident, episode),
        simulated=episode.simulated,
    )


def _deadline(each: Deadline, now: float) -> replies.IncidentDeadline:
    return replies.IncidentDeadline(
        str(each.stage), times.text(each.due), _text(each.filed), each.person, each.reference,
        each.late(now),
    )  # fmt: skip


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else times.text(seconds)
