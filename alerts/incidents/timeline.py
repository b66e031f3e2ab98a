"""All that became of an incident, in order: who or what, did what, when."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from alerts.chronicle import Episode
from alerts.incidents.incident import Act, Incident, Step

Kind = Literal["alert", "act", "notification", "silence", "maintenance", "network"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: at a Unix time, of a kind, what happened (a word), to what, in which words.

    `who` is a person, a receiver, or None where nobody did it. `alert` is the alert that it is
    about, `subject` a path.
    """

    time: float
    kind: Kind
    what: str
    who: str | None = None
    subject: str = ""
    alert: str | None = None
    words: str = ""


def timeline(
    incident: Incident,
    episodes: Iterable[Episode],
    title: Callable[[Episode], str],
    *more: Iterable[Entry],
) -> list[Entry]:
    """The timeline of an incident, of which these are the alerts, oldest first.

    `title` is what people read of an alert; `more` is what others know of it.
    """
    entries = [
        *(entry for episode in episodes for entry in _alert(episode, title(episode))),
        *(_act(incident, act) for act in incident.acts),
        *(entry for entries in more for entry in entries),
    ]
    return sorted(entries, key=lambda entry: entry.time)  # of one time: in the order given


def _alert(episode: Episode, title: str) -> Iterator[Entry]:
    about = {"subject": episode.subject, "alert": episode.id}
    if episode.turns and episode.began < episode.turns[0].time:
        yield Entry(episode.began, "alert", "began", words=title, **about)
    said = None
    for turn in episode.turns:
        # An alert keeps the note of who took it: it is theirs, and said once.
        words = turn.note if turn.note and turn.note != said else title
        said = turn.note
        yield Entry(turn.time, "alert", str(turn.state), turn.person, words=words, **about)


def _act(incident: Incident, act: Act) -> Entry:
    what = f"{act.stage} filed" if act.stage is not None else str(act.step)
    words = [act.words] if act.words else []
    if act.step is Step.OPENED:
        words.insert(0, incident.title)
    if act.alerts:
        means = {None: "", True: " as an outage", False: " as no outage"}[act.outage]
        words.append(f"{len(act.alerts)} alert{'s' * (len(act.alerts) > 1)}{means}")
    return Entry(act.time, "act", what, act.person, incident.scope, words="; ".join(words))
