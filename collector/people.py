"""Who may do what, where: principals, their credentials, one-time codes, and who changed what.

A token is `vigie_<credential>_<secret>`. Of the secret only its SHA-256 is kept: it has 256 random
bits, so nothing slower than a hash is needed.
"""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from collector import times
from vigie.database import Database, Table, Writer
from vigie.errors import Refused
from vigie.network.places import inside
from vigie.replies import Credential, Enrolment, Principal, Secret
from vigie.units import NANOSECONDS_PER_SECOND

Kind = Literal["agent", "relay", "peer", "service", "person"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
SENDERS: Final = frozenset({"agent", "relay", "peer"})
"""Kinds that may post frames."""
ROLES: Final = (
    "reader", "operator", "shift lead", "approver", "auditor", "finance", "publisher", "registrar",
)  # fmt: skip
SESSION_SECONDS: Final = 12 * 3600.0
CODE_SECONDS: Final = 3600.0
OVERLAP_SECONDS: Final = 24 * 3600.0
"""How long a rotated credential stays valid beside its successor, unless told otherwise."""
REREAD_SECONDS: Final = 2.0
"""How soon a change that another process wrote is seen."""
PLAYED: Final = "SELECT DISTINCT scope FROM principals WHERE simulated"
MAX_SCOPE_PARTS: Final = 3
MAX_PART_BYTES: Final = 128

TABLES: Final = (
    Table(
        "principals",
        "id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, roles TEXT NOT NULL, "
        "scope TEXT NOT NULL, simulated INTEGER NOT NULL, created REAL NOT NULL",
    ),
    Table(
        "credentials",
        "id TEXT PRIMARY KEY, principal TEXT NOT NULL, digest BLOB NOT NULL, "
        "created REAL NOT NULL, expires REAL, last_used REAL, revoked REAL",
        indexes=("principal",),
    ),
    Table(
        "enrolments",
        "digest BLOB PRIMARY KEY, principal TEXT NOT NULL, expires REAL NOT NULL, redeemed REAL",
    ),
    Table(
        "audit",
        "id INTEGER PRIMARY KEY, time REAL NOT NULL, principal TEXT NOT NULL, "
        "act TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL",
    ),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind a credential; `expires` is Unix time."""

    principal: str
    name: str
    kind: str
    roles: frozenset[str]
    scope: str
    credential: str
    expires: float | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A principal to be: what `enrol` is asked for."""

    kind: str
    name: str
    roles: tuple[str, ...] = ()
    scope: str = ""
    simulated: bool = False

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            Refused: 400, naming what is wrong.
        """
        if self.kind not in KINDS:
            raise Refused(400, f"kind {self.kind!r:.80} is none of {', '.join(KINDS)}")
        if wrong := sorted(set(self.roles) - set(ROLES)):
            raise Refused(400, f"role {wrong[0]!r:.80} is none of {', '.join(ROLES)}")
        if not self.name.isprintable() or not 0 < len(self.name.encode()) <= MAX_PART_BYTES:
            raise Refused(400, f"name: 1 to {MAX_PART_BYTES} printable bytes are wanted")
        check_scope(self.scope)


def check_scope(scope: str) -> None:
    """Raise Refused (400) where this is no path `site/container/host` or a prefix of one."""
    parts = scope.split("/") if scope else []
    if len(parts) > MAX_SCOPE_PARTS or not all(
        part.isprintable() and 0 < len(part.encode(errors="replace")) <= MAX_PART_BYTES
        for part in parts
    ):
        raise Refused(400, f"scope {scope!r:.80} is no path site/container/host, nor its beginning")


class People:
    """Principals and credentials in SQLite, and those that are valid in memory."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        """`clock` is the wall clock in nanoseconds."""
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._valid: dict[str, tuple[bytes, Caller]] = {}
        self._simulated: frozenset[str] = frozenset()
        self._loading = False
        self._version, self._checked, self._stale = -1, float("-inf"), True
        self._used: dict[str, float] = {}

    def caller(self, token: str) -> Caller | None:
        """Who holds this token, or None when nobody does (any more)."""
        now = self._now()
        self._refresh(now)
        try:
            prefix, credential, secret = token.split("_", 2)
        except ValueError:
            return None
        digest, caller = self._valid.get(credential, (b"", None))
        # Compared even when unknown, so that an unknown id costs what a wrong secret costs.
        same = hmac.compare_digest(digest, _digest(secret))
        if caller is None or not same or prefix != "vigie":
            return None
        if caller.expires is not None and caller.expires <= now:
            return None
        self._used[credential] = now
        return caller

    def known(self, credential: str) -> Caller | None:
        """Who holds a credential that was shown before, or None when it ended since."""
        now = self._now()
        self._refresh(now)
        _, caller = self._valid.get(credential, (b"", None))
        if caller is None or (caller.expires is not None and caller.expires <= now):
            return None
        self._used[credential] = now
        return caller

    def enrol(self, newcomer: Newcomer, by: Caller, valid: float = CODE_SECONDS) -> Enrolment:
        """A one-time code, `valid` that many seconds, for a new principal or for one that exists.

        Raises:
            Refused: outside the scope of `by`, or the container is simulated and this is not.
        """
        if not inside(newcomer.scope, by.scope):
            raise Refused(403, f"{newcomer.scope or 'the whole network'} is outside your scope")
        now, code = self._now(), secrets.token_hex(16)
        with self._database.write() as write:
            principal = self._principal(write, newcomer, now)
            write.execute(
                "INSERT INTO enrolments VALUES (?, ?, ?, NULL)",
                (_digest(code), principal, now + valid),
            )
            _note(write, now, by, "enrol", principal, f"{newcomer.kind} {newcomer.scope}")
        self._stale = True
        return Enrolment(principal, code, times.text(now + valid))

    def redeem(self, code: str) -> Secret:
        """A credential for a code that was not used yet; a person's lasts one session.

        Raises:
            Refused: 401, the code is unknown, used or too old.
        """
        now = self._now()
        with self._database.write() as write:
            row = write.execute(
                "SELECT principal, kind FROM enrolments JOIN principals "
                "ON principals.id = enrolments.principal "
                "WHERE digest = ? AND redeemed IS NULL AND expires > ?",
                (_digest(code), now),
            ).fetchone()
            if row is None:
                raise Refused(401, "this code is unknown, used or too old; ask for another")
            write.execute(
                "UPDATE enrolments SET redeemed = ? WHERE digest = ?", (now, _digest(code))
            )
            lifetime = SESSION_SECONDS if row["kind"] == "person" else None
            secret = self._issue(write, row["principal"], now, lifetime)
            _note(write, now, row["principal"], "redeem", secret.credential)
        self._stale = True
        return secret

    def rotate(self, credential: str, by: Caller, overlap: float = OVERLAP_SECONDS) -> Secret:
        """A second credential of the same principal; the first one ends after `overlap` seconds.

        Raises:
            Refused: 404, or 403 when it is neither the caller's own nor in its charge.
        """
        now = self._now()
        with self._database.write() as write:
            held = self._held(write, credential, by)
            if held["revoked"] is not None:
                raise Refused(409, f"credential {credential} is revoked; enrol its holder again")
            end = min(now + overlap, held["expires"] or float("inf"))
            write.execute("UPDATE credentials SET expires = ? WHERE id = ?", (end, credential))
            lifetime = SESSION_SECONDS if held["kind"] == "person" else None
            secret = self._issue(write, held["principal"], now, lifetime)
            _note(write, now, by, "rotate", credential, secret.credential)
        self._stale = True
        return secret

    def revoke(self, credential: str, by: Caller) -> None:
        """End a credential now. Raises as `rotate`."""
        now = self._now()
        with self._database.write() as write:
            self._held(write, credential, by)
            write.execute(
                "UPDATE credentials SET revoked = coalesce(revoked, ?) WHERE id = ?",
                (now, credential),
            )
            _note(write, now, by, "revoke", credential)
        self._stale = True

    def valid(self, credentials: Collection[str], scope: str) -> list[str]:
        """Those of some credentials that are valid now, of principals within a scope."""
        now = self._now()
        self._refresh(now)
        found = [
            credential for credential in credentials
            for _, caller in (self._valid.get(credential, (b"", None)),)
            if caller is not None and inside(caller.scope, scope)
            and (caller.expires is None or caller.expires > now)
        ]  # fmt: skip
        self._used.update(dict.fromkeys(found, now))  # whoever asks had frames of them
        return found

    def principals(self, scope: str) -> list[Principal]:
        """Everybody within a scope, with their credentials but never a secret."""
        credentials: dict[str, list[Credential]] = {}
        for row in self._database.rows("SELECT * FROM credentials ORDER BY created"):
            used = self._used.get(row["id"], row["last_used"])
            credentials.setdefault(row["principal"], []).append(
                Credential(
                    row["id"], times.text(row["created"]), _text(row["expires"]), _text(used),
                    _text(row["revoked"]),
                )
            )  # fmt: skip
        return [
            Principal(
                row["id"], row["kind"], row["name"], json.loads(row["roles"]), row["scope"],
                bool(row["simulated"]), times.text(row["created"]), credentials.get(row["id"], []),
            )
            for row in self._database.rows("SELECT * FROM principals ORDER BY scope, kind, name")
            if inside(row["scope"], scope)
        ]  # fmt: skip

    def simulated(self) -> frozenset[str]:
        """Scopes of the principals that come from the twin."""
        self._refresh(self._now())
        return self._simulated

    def built_in(self, name: str, roles: Collection[str]) -> Secret:
        """A new network-wide credential of one of the services that every collector has."""
        now = self._now()
        with self._database.write() as write:
            newcomer = Newcomer("service", name, tuple(roles))
            secret = self._issue(write, self._principal(write, newcomer, now), now, None)
            _note(write, now, "collector", "issue", secret.credential, name)
        self._stale = True
        return secret

    def note_uses(self) -> None:
        """Write when each credential was last used; a duty calls it."""
        used, self._used = self._used, {}
        if used:
            with self._database.write() as write:
                write.executemany(
                    "UPDATE credentials SET last_used = ? WHERE id = ?",
                    [(time, credential) for credential, time in used.items()],
                )

    def _now(self) -> float:
        return self._clock() / NANOSECONDS_PER_SECOND

    def _refresh(self, now: float) -> None:
        """Load what is valid, after our own change at once, after another process's soon."""
        if not (self._stale or self._loading) and self._fresh(now):
            return
        with self._lock:
            if not self._stale and self._fresh(now):
                return  # another thread has done it meanwhile
            # Nobody may take what is being replaced for what is valid: the loading is told first.
            self._loading = True
            changed, self._stale, self._checked = self._stale, False, now
            try:
                row = self._database.row("PRAGMA data_version")
                version = row[0] if row else -1
                if changed or version != self._version:
                    self._version, self._valid = version, self._load()
                    rows = self._database.rows(PLAYED)
                    self._simulated = frozenset(row["scope"] for row in rows)
            finally:
                self._loading = False

    def _fresh(self, now: float) -> bool:
        return 0 <= now - self._checked < REREAD_SECONDS

    def _load(self) -> dict[str, tuple[bytes, Caller]]:
        rows = self._database.rows(
            "SELECT credentials.id AS credential, digest, expires, principals.* FROM credentials "
            "JOIN principals ON principals.id = principal WHERE revoked IS NULL"
        )
        return {
            row["credential"]: (
                row["digest"],
                Caller(
                    row["id"], row["name"], row["kind"], frozenset(json.loads(row["roles"])),
                    row["scope"], row["credential"], row["expires"], bool(row["simulated"]),
                ),
            )
            for row in rows
        }  # fmt: skip

    def _principal(self, write: Writer, newcomer: Newcomer, now: float) -> str:
        """The principal of that kind, name and scope, made if need be."""
        roles = json.dumps(newcomer.roles)
        for row in write.execute("SELECT * FROM principals").fetchall():
            if (row["kind"], row["name"], row["scope"]) == (
                newcomer.kind, newcomer.name, newcomer.scope,
            ):  # fmt: skip
                if (row["roles"], row["simulated"]) != (roles, newcomer.simulated):
                    raise Refused(409, f"{newcomer.kind} {newcomer.name} exists with other rights")
                return str(row["id"])
            if (
                {newcomer.kind, row["kind"]} <= SENDERS
                and newcomer.simulated != bool(row["simulated"])
                and _container(newcomer.scope) == _container(row["scope"])
            ):
                raise Refused(409, f"{newcomer.scope}: simulated and real agents share no place")
        principal = secrets.token_hex(8)
        write.execute(
            "INSERT INTO principals VALUES (?, ?, ?, ?, ?, ?, ?)",
            (principal, newcomer.kind, newcomer.name, roles, newcomer.scope,
             int(newcomer.simulated), now),
        )  # fmt: skip
        return principal

    def _issue(self, write: Writer, principal: str, now: float, lifetime: float | None) -> Secret:
        credential, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        expires = None if lifetime is None else now + lifetime
        write.execute(
            "INSERT INTO credentials VALUES (?, ?, ?, ?, ?, NULL, NULL)",
            (credential, principal, _digest(secret), now, expires),
        )
        scope = write.execute("SELECT scope FROM principals WHERE id = ?", (principal,)).fetchone()
        token = f"vigie_{credential}_{secret}"
        return Secret(principal, credential, token, _text(expires), scope["scope"])

    def _held(self, write: Writer, credential: str, by: Caller) -> Any:
        """The credential's row, where the caller may change it."""
        row = write.execute(
            "SELECT credentials.*, kind, scope FROM credentials "
            "JOIN principals ON principals.id = principal WHERE credentials.id = ?",
            (credential,),
        ).fetchone()
        in_charge = "registrar" in by.roles
        if row is None or not (inside(row["scope"], by.scope) or row["principal"] == by.principal):
            raise Refused(404, f"there is no credential {credential!r:.80}")
        if not in_charge and row["principal"] != by.principal:
            raise Refused(403, "another's credential needs the role registrar")
        return row


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else times.text(seconds)


def _container(scope: str) -> str:
    return "/".join(scope.split("/")[:2])


def _note(
    write: Writer, now: float, by: Caller | str, act: str, subject: str, *detail: str
) -> None:
    """Who did what to whom, for good."""
    person = by if isinstance(by, str) else by.principal
    write.execute(
        "INSERT INTO audit (time, principal, act, subject, detail) VALUES (?, ?, ?, ?, ?)",
        (now, person, act, subject, " ".join(detail)),
    )
