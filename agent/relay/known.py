"""Whose tokens are good: asked of the first upstream, remembered hashed, asked again each minute.

While the upstream is away, those that it knew last go on being known; nobody new is.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from agent import files
from vigie.client import Client
from vigie.errors import Refused, Unavailable, VigieError
from vigie.network.places import inside
from vigie.replies import Session, ValidCredentials

AGAIN_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 30.0
"""A token that was refused is not asked about again for so long."""
MAX_REFUSED: Final = 10_000
MAX_KNOWN: Final = 50_000
AT_ONCE: Final = 1_000
"""Credentials that one question asks about."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """Who holds a token: `expires` is Unix time."""

    credential: str
    name: str
    scope: str
    expires: float | None


class Known:
    """Tokens and their holders; looked up by one thread, changed by others."""

    def __init__(
        self, path: Path, url: str, own: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        """`own` is the relay's own token, asked when needed; `clock` is Unix time."""
        self._path, self._url, self._own, self._clock = path, url, own, clock
        self._lock = threading.Lock()
        self._people: dict[str, Person] = {}
        self._refused: dict[str, tuple[float, Refused]] = {}
        self._me: Session | None = None
        self._changed = False

    def load(self) -> None:
        """Know who was known; a file that is none is forgotten."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            people = {str(digest): Person(**person) for digest, person in told.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("who is known is forgotten", extra={"file": self._path, "error": error})
            return
        self._people = people

    def look(self, token: str) -> Person | None:
        """Who holds the token, as far as is known; None: ask.

        Raises:
            Refused: nobody does, as was found out a moment ago.
        """
        digest, now = _digest(token), self._clock()
        person = self._people.get(digest)
        if person is not None:
            if person.expires is not None and person.expires <= now:
                raise Refused(401, "this credential is no longer valid")
            return person
        refused = self._refused.get(digest)
        if refused is not None and now - refused[0] < REFUSED_SECONDS:
            raise refused[1]
        return None

    def ask(self, token: str) -> Person:
        """Ask the upstream who holds it.

        Raises:
            Refused: 401, nobody does; 403, they may not send through here.
            Unavailable: nobody answers.
        """
        if (already := self.look(token)) is not None:
            return already  # many requests may wait for one answer
        try:
            person = self._asked(token)
        except Refused as refused:
            with self._lock:
                if len(self._refused) >= MAX_REFUSED:
                    self._refused.clear()
                self._refused[_digest(token)] = self._clock(), refused
            raise
        with self._lock:
            self._people[_digest(token)] = person
            while len(self._people) > MAX_KNOWN:
                del self._people[next(iter(self._people))]
            self._changed = True
        return person

    def keep(self) -> None:
        """Write who is known, where that has changed; called by one thread."""
        with self._lock:
            if not self._changed:
                return
            self._changed = False
            people = dict(self._people)
        text = json.dumps({digest: asdict(person) for digest, person in people.items()})
        try:
            files.replace(self._path, text.encode())
        except OSError as error:
            log.warning("who is known is not kept", extra={"file": self._path, "error": error})

    def refresh(self) -> None:
        """Forget those whose credentials ended; nobody, while the upstream is away."""
        with self._lock:
            people = dict(self._people)
        ids = sorted({person.credential for person in people.values()})
        valid: set[str] = set()
        try:
            with Client(self._url, self._own()) as client:
                for at in range(0, len(ids), AT_ONCE):
                    valid |= _valid(client, ids[at : at + AT_ONCE])
        except VigieError as error:
            log.info("credentials not asked about", extra={"reason": error})
            return
        gone = {d: p for d, p in people.items() if p.credential not in valid}
        if not gone:
            return
        for person in gone.values():
            log.warning("credential ended", extra={"agent": person.name, "scope": person.scope})
        with self._lock:
            for digest in gone:
                self._people.pop(digest, None)
            self._changed = True
        self.keep()

    def __len__(self) -> int:
        return len(self._people)

    def _asked(self, token: str) -> Person:
        me = self._me = self._me or self._session(self._own())
        session = self._session(token)
        if session.kind not in {"agent", "peer"}:
            raise Refused(403, f"a {session.kind} may not send through a relay; enrol an agent")
        if not inside(session.scope, me.scope):
            raise Refused(403, f"{session.scope!r} is outside the scope {me.scope!r} of this relay")
        if session.simulated != me.simulated:
            raise Refused(403, "simulated and real agents share no relay")
        expires = datetime.fromisoformat(session.expires).timestamp() if session.expires else None
        return Person(token.split("_")[1], session.name, session.scope, expires)

    def _session(self, token: str) -> Session:
        if not token:
            raise Unavailable("this relay has no credential yet", 10)
        try:
            with Client(self._url, token) as client:
                return client.get(Session, "sessions/current")
        except Refused as refused:
            if token == self._own():
                raise Unavailable(f"the relay's own credential is refused: {refused}", 30) from None
            raise


def _valid(client: Client, ids: Sequence[str]) -> set[str]:
    answer = client.post(ValidCredentials, "credentials/valid", {"credentials": list(ids)})
    return set(answer.valid)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
