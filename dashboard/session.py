"""Who is looking: an opaque cookie on their side, their API token on ours, in memory and on disk.

The dashboard has no power of its own: every question goes out with the person's own token, and
that token is asked about again every few seconds, so that a revoked person is soon out.
A client keeps a connection for every thread that used it: whoever uses one here closes it after,
or people times threads would be open.
"""

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
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
        self._lock = threading.Lock()
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
        if visit is None or now - visit.checked < RECHECK_SECONDS:
            return visit
        try:
            with closing(visit.client) as client:
                person = client.get(replies.Session, "sessions/current")
        except Refused:
            self._forget(name)
            return None
        except Unavailable:
            return visit
        visit = replace(visit, person=person, checked=now)
        with self._lock:
            if name in self._visits:
                self._visits[name] = visit
        return visit

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
