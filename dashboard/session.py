"""Who is looking: an opaque cookie on their side, their API token on ours, in memory and on disk.

The dashboard has no power of its own: every question goes out with the person's own token, and
the tokens of all who are looking are asked about again every few seconds, in one question, so that
a revoked person is soon out.
A client keeps a connection for every thread that used it: whoever uses one here closes it after,
or people times threads would be open.
"""

import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final

from vigie import replies
from vigie.client import Client, build
from vigie.errors import Refused, Unavailable

RECHECK_SECONDS: Final = 3.0
"""How old the API's word on a token may be; revocation is to bite within 5 s."""
MAX_SESSIONS: Final = 1000
"""The oldest goes when there are more; a person rarely has two."""
FILE: Final = "sessions.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's session: `csrf` is what their pages must send back with every request."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    person: replies.Session
    checked: float
    client: Client = field(repr=False, compare=False)

    @property
    def rights(self) -> tuple[str, tuple[str, ...]]:
        """What decides which rows this person may see: scope and roles."""
        return self.person.scope, tuple(sorted(self.person.roles))


class Sessions:
    """Every open session, by the digest of its cookie.

    The file is 0600 in a folder of 0700: it lets a restarted dashboard go on, and holds tokens.
    """

    def __init__(self, directory: Path, connect: Callable[[str], Client]) -> None:
        """`connect` gives a client of the API that speaks with the token it is handed."""
        self._file, self._connect = directory / FILE, connect
        self._lock, self._checking = threading.Lock(), threading.Lock()
        self._looking: set[str] = set()
        self._failed = float("-inf")
        self._visits: dict[str, Visit] = self._load()

    def open(self, code: str, now: float) -> str:
        """Redeem a one-time code; returns the cookie's value.

        Raises:
            Refused: the code is unknown, used or expired.
            Unavailable: the API cannot say.
        """
        with closing(self._connect("")) as stranger:
            secret = stranger.post(replies.Secret, "sessions", {"code": code})
        with closing(self._connect(secret.token)) as client:
            person = client.get(replies.Session, "sessions/current")
        cookie = secrets.token_urlsafe(32)
        visit = Visit(secret.token, secrets.token_urlsafe(32), person, now, client)
        with self._lock:
            while len(self._visits) >= MAX_SESSIONS:
                del self._visits[next(iter(self._visits))]
            self._visits[_digest(cookie)] = visit
            self._save()
        return cookie

    def find(self, cookie: str, now: float) -> Visit | None:
        """The session of this cookie, or None: unknown, ended or revoked.

        An API that cannot answer ends no session: it refuses each question itself.
        """
        name = _digest(cookie)
        visit = self._visits.get(name)
        if visit is None:
            return None
        with self._lock:
            self._looking.add(name)
        if now - visit.checked >= RECHECK_SECONDS:
            with self._checking:  # whoever waited here while another asked was asked about too
                due = self._visits.get(name)
                if due is not None and now - max(due.checked, self._failed) >= RECHECK_SECONDS:
                    self._check(now)
        return self._visits.get(name)

    def _check(self, now: float) -> None:
        """Ask about everybody who was looking since this was last done."""
        with self._lock:
            names, self._looking = self._looking, set()
            asked = {name: self._visits[name] for name in names if name in self._visits}
        try:
            while asked and not self._told(asked, now):
                # Who spoke for all is out; somebody else does.
                name = next(iter(asked))
                self._forget(name)
                del asked[name]
        except (Refused, Unavailable) as error:
            self._failed = now  # not again for every request that comes meanwhile
            _log.info("sessions cannot be asked about", extra={"why": str(error)})

    def _told(self, asked: Mapping[str, Visit], now: float) -> bool:
        """Ask about these with the token of the first; False: that one is over."""
        tokens = [visit.token for visit in asked.values()]
        try:
            with closing(next(iter(asked.values())).client) as client:
                told = client.post(replies.Standings, "sessions/checks", {"tokens": tokens})
        except Refused as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return False
            raise
        for (name, visit), person in zip(asked.items(), told.sessions, strict=True):
            if person is None:
                self._forget(name)
                continue
            with self._lock:
                if name in self._visits:
                    self._visits[name] = replace(visit, person=person, checked=now)
        return True

    def close(self, cookie: str) -> None:
        """End this session here and at the API."""
        visit = self._visits.get(_digest(cookie))
        if visit is None:
            return
        self._forget(_digest(cookie))
        # It is closed here whatever the API says.
        with suppress(Refused, Unavailable), closing(visit.client) as client:
            client.delete("sessions/current")

    def _forget(self, name: str) -> None:
        with self._lock:
            if self._visits.pop(name, None):
                self._save()

    def _load(self) -> dict[str, Visit]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return {
                name: Visit(
                    one["token"], one["csrf"], build(replies.Session, one["person"]),
                    float("-inf"), self._connect(one["token"]),
                )
                for name, one in kept.items()
            }  # fmt: skip
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # damaged or none: people sign in again

    def _save(self) -> None:
        kept = {
            name: {"token": v.token, "csrf": v.csrf, "person": asdict(v.person)}
            for name, v in self._visits.items()
        }
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._file.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(kept, stream)
        new.replace(self._file)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
