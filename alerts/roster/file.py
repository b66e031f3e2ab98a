"""The roster's file, checked; and the calendars beside it.

::

    [[people]]
    id = "alice"
    name = "Alice Martin"
    receivers = ["alice-phone", "alice-mail"]

    [[posts]]
    id = "paris"
    name = "Paris"
    scopes = ["paris"]
    timezone = "Europe/Paris"

    [[posts.levels]]
    name = "shift"
    shifts = [{ people = ["alice", "bob"], since = 2026-11-02, begins = "08:00", ends = "20:00" }]
    backup = ["chief"]
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from alerts.delivery.address import AddressRefused, target
from alerts.roster.roster import Feeds, Level, Person, Post, Roster, Tickets
from alerts.ticket import check
from vigie.document import Document, Reader, suggestion
from vigie.errors import SettingsError
from vigie.positions import TomlPath

TOP: Final = ("people", "posts", "tickets", "feeds")


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar that a level names: the name as written, where it is, and the zone of its post."""

    name: str
    where: str
    timezone: str

    @property
    def remote(self) -> bool:
        """Whether it is to be asked for, and is no file."""
        return "://" in self.name

    @property
    def told(self) -> str:
        """How messages name it: of an address only where it is, for the rest may be a secret."""
        parts = urlsplit(self.where)
        return f"{parts.scheme}://{parts.hostname}/…" if self.remote else self.where


def load(path: Path, receivers: Collection[str] | None = None) -> Roster:
    """The roster of a file, without its calendars; `receivers` are the names of those declared.

    Raises:
        SettingsError: every fault found, each with its line.
    """
    document = Document.load(path)
    reader = Reader(document)
    reader.known(TOP)
    people = list(reader.each(Person, ("people",)))
    posts = list(reader.each(Post, ("posts",)))
    tickets, feeds = reader.one(Tickets, ("tickets",)), reader.one(Feeds, ("feeds",))
    if not reader.faults:
        _check_tickets(reader, tickets)
        _check_names(reader, people, posts)
        _check_places(reader, posts)
        for at, post in posts:
            _check_post(reader, at, post, {person.id for _, person in people})
        if receivers is not None:
            _check_receivers(reader, people, posts, receivers)
    reader.finish()
    return Roster({p.id: p for _, p in people}, tuple(p for _, p in posts), tickets, feeds)


def sources(roster: Roster, path: Path) -> Iterator[Source]:
    """The calendars that a roster names, each once; files lie beside the roster's."""
    seen = set()
    for post in roster.posts:
        for level in post.levels:
            if level.calendar and level.calendar not in seen:
                seen.add(level.calendar)
                remote = "://" in level.calendar
                where = level.calendar if remote else str(path.parent / level.calendar)
                yield Source(level.calendar, where, post.timezone)


def _check_tickets(reader: Reader, tickets: Tickets) -> None:
    for name, template in (("show", tickets.show), ("new", tickets.new)):
        try:
            check(name, template)
        except ValueError as error:
            reader.fault(("tickets", name), str(error))


def _check_names(
    reader: Reader, people: list[tuple[TomlPath, Person]], posts: list[tuple[TomlPath, Post]]
) -> None:
    named = [(at, p.id) for at, p in people], [(at, p.id) for at, p in posts]
    for found, what in zip(named, ("people", "posts"), strict=True):
        counts = Counter(name for _, name in found)
        for at, name in found:
            if counts[name] > 1:
                reader.fault((*at, "id"), f"two {what} are called {name}; rename one")


def _check_places(reader: Reader, posts: list[tuple[TomlPath, Post]]) -> None:
    """Two posts that answer for the same place leave everybody unsure who has it."""
    owners: dict[tuple[str, str], str] = {}
    for at, post in posts:
        places = [("scopes", s) for s in post.scopes] + [("operators", o) for o in post.operators]
        for kind, place in places or [("scopes", "")]:
            other = owners.setdefault((kind, place), post.id)
            if other != post.id:
                said = place or "everything else"
                where = (*at, kind) if places else at
                reader.fault(where, f"post {other} answers for {said} already; leave it to one")


def _check_post(reader: Reader, at: TomlPath, post: Post, people: Collection[str]) -> None:
    names = [level.name for level in post.levels]
    for number, level in enumerate(post.levels):
        where = (*at, "levels", number)
        if names.count(level.name) > 1:
            reader.fault((*where, "name"), f"two levels are called {level.name}; rename one")
        if "://" in level.calendar:
            try:
                target(level.calendar)
            except AddressRefused as error:
                reader.fault((*where, "calendar"), str(error))
        for path, who in _people(where, level):
            if who not in people:
                reader.fault(path, f"nobody is called {who!r}; {suggestion(who, people)}")
    _check_stand_ins(reader, at, post, people)


def _check_stand_ins(reader: Reader, at: TomlPath, post: Post, people: Collection[str]) -> None:
    names = [level.name for level in post.levels]
    for number, stand_in in enumerate(post.stand_ins):
        where = (*at, "stand_ins", number)
        for key, who in (("person", stand_in.person), ("instead_of", stand_in.instead_of)):
            if who is not None and who not in people:
                reader.fault((*where, key), f"nobody is called {who!r}; {suggestion(who, people)}")
        if stand_in.level and stand_in.level not in names:
            wrong = f"no level is called {stand_in.level!r}"
            reader.fault((*where, "level"), f"{wrong}; {suggestion(stand_in.level, names)}")
        ends, begins = stand_in.ends, stand_in.begins
        if (ends.tzinfo is None) != (begins.tzinfo is None):
            reader.fault((*where, "ends"), "give both times an offset, or neither")
        elif ends <= begins:
            reader.fault((*where, "ends"), "ends before it begins")


def _people(where: TomlPath, level: Level) -> Iterator[tuple[TomlPath, str]]:
    for number, shift in enumerate(level.shifts):
        yield from (((*where, "shifts", number, "people"), who) for who in shift.people)
    yield from (((*where, "backup"), who) for who in level.backup)


def _check_receivers(
    reader: Reader, people: list[tuple[TomlPath, Person]], posts: list[tuple[TomlPath, Post]],
    receivers: Collection[str],
) -> None:  # fmt: skip
    called = [((*at, "receivers"), name) for at, p in people for name in p.receivers]
    called += [
        ((*at, "levels", number, "receivers"), name)
        for at, post in posts
        for number, level in enumerate(post.levels)
        for name in level.receivers
    ]
    for path, name in called:
        if name not in receivers:
            hint = suggestion(name, receivers)
            reader.fault(path, f"no receiver is called {name!r} in the receivers file; {hint}")


def content(source: Source) -> bytes:
    """A calendar's file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return Path(source.where).read_bytes()
    except OSError as error:
        raise SettingsError(f"{source.where}: cannot be read: {error.strerror}") from error
