"""The roster in force: its file and its calendars, read again when they change.

What breaks while we run leaves the old in force. A calendar that is kept elsewhere is asked for
every few minutes; what it last said is kept on disk, for a start at which it does not answer.
"""

import hashlib
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from alerts.roster import calendar, feed, file
from alerts.roster.calendar import Booked, Span
from alerts.roster.file import Source
from alerts.roster.roster import NOBODY, Feeds, Roster
from vigie.errors import SettingsError, Unavailable

log = logging.getLogger(__name__)

BACK_SECONDS: Final = 2 * 86_400.0
AHEAD_SECONDS: Final = 100 * 86_400.0
"""For how long before and after a reading a calendar's turns are known; likewise above."""
AGAIN_SECONDS: Final = 86_400.0
"""How often a calendar is read again although nothing changed: time goes on."""

Stamp = tuple[int, int]
Ask = Callable[[Source, Feeds], bytes]


def _asked(source: Source, feeds: Feeds) -> bytes:
    return feed.asked(source.where, feeds.allow)


class Rosterbook:
    """One roster, or none; `current` may be read from any thread."""

    def __init__(
        self, path: Path | None, receivers: Collection[str] | None, *, cache: Path | None = None,
        ask: Ask = _asked,
    ) -> None:  # fmt: skip
        """Read the roster; its calendars are read by the first `refresh`.

        `receivers` are the names of those declared, or None where that is not looked at; `cache`
        is where feeds are kept.

        Raises:
            SettingsError: the file is wrong.
        """
        self._path, self._receivers, self._cache, self._ask = path, receivers, cache, ask
        self._wrong: dict[str, str] = {}
        self._away: dict[str, str] = {}
        self._file: Stamp = (0, 0)
        self._stamps: dict[str, object] = {}
        self._read: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self.current: Roster = NOBODY
        if path is not None:
            self._file = _stamp(path)
            self.current = file.load(path, receivers)

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong now, by file or address; empty when all is well."""
        return {**self._wrong, **self._away}

    def refresh(self, now: float, *, asking: bool = True) -> bool:
        """Read again what changed, ask again whom it is time to ask; whether anything is new.

        Without `asking` nobody is asked, and what feeds last said serves.
        """
        if self._path is None:
            return False
        changed = self._look(self._path)
        sources = list(file.sources(self.current, self._path))
        known = {str(self._path), *(source.told for source in sources)}
        for faults in (self._wrong, self._away):
            for gone in faults.keys() - known:
                del faults[gone]
        booked = dict(self.current.calendars)
        for source in sources:
            found = self._calendar(source, now, asking=asking)
            if found is not None:
                booked[source.name] = found
                changed = True
        if changed:
            self.current = replace(self.current, calendars=booked)
        return changed

    def _look(self, path: Path) -> bool:
        stamp = _stamp(path)
        if stamp == self._file:
            return False
        self._file = stamp
        try:
            roster = file.load(path, self._receivers)
        except SettingsError as error:
            _complain(self._wrong, str(path), str(error))
            return False
        self._wrong.pop(str(path), None)
        # Other people may be meant by what calendars say.
        self._stamps.clear()
        self._asked.clear()
        self.current = replace(roster, calendars=self.current.calendars)
        log.info("roster read again", extra={"posts": len(roster.posts)})
        return True

    def _calendar(self, source: Source, now: float, *, asking: bool) -> Booked | None:
        """A calendar as it is now, if there is anything new in it."""
        content = self._content(source, now, asking=asking)
        if content is None:
            return None
        stamp, text = content
        fresh = now - self._read.get(source.name, float("-inf")) < AGAIN_SECONDS
        if fresh and self._stamps.get(source.name) == stamp:
            return None
        self._stamps[source.name], self._read[source.name] = stamp, now
        span = Span(now - BACK_SECONDS, now + AHEAD_SECONDS, ZoneInfo(source.timezone))
        try:
            found = calendar.read(source.told, text(), self.current.people, span)
        except SettingsError as error:
            _complain(self._wrong, source.told, str(error))
            return None
        if found.faults:
            _complain(self._wrong, source.told, "\n".join(found.faults[:3]))
        else:
            self._wrong.pop(source.told, None)
        return found

    def _content(
        self, source: Source, now: float, *, asking: bool
    ) -> tuple[object, Callable[[], bytes]] | None:
        """What tells a calendar from another one, and how to read it."""
        if not source.remote:
            return _stamp(Path(source.where)), lambda: file.content(source)
        kept = self._kept(source)
        every = self.current.feeds.every
        if asking and now - self._asked.get(source.name, float("-inf")) >= every:
            self._asked[source.name] = now
            try:
                text = self._ask(source, self.current.feeds)
            except Unavailable as error:
                _complain(self._away, source.told, f"{source.told}: {error}")
            else:
                if calendar.looks_like_one(text):
                    self._keep(kept, text)
                    self._away.pop(source.told, None)
                    return _digest(text), lambda: text
                _complain(self._away, source.told, f"{source.told}: is no iCalendar")
        if source.name in self.current.calendars or kept is None or not kept.is_file():
            return None
        return _stamp(kept), kept.read_bytes

    def _kept(self, source: Source) -> Path | None:
        if self._cache is None:
            return None
        return self._cache / f"{_digest(source.where.encode())[:24]}.ics"

    def _keep(self, path: Path | None, text: bytes) -> None:
        """Keep what a feed said, for who may read our data alone: addresses may be secret."""
        if path is None:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_suffix(".new")
            beside.write_bytes(text)
            beside.replace(path)
        except OSError as error:  # the feed itself serves
            log.warning("a calendar could not be kept", extra={"reason": str(error)})


def _complain(faults: dict[str, str], what: str, fault: str) -> None:
    if faults.get(what) != fault:
        log.error("roster or calendar is wrong; the old stays", extra={"fault": fault})
    faults[what] = fault


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
