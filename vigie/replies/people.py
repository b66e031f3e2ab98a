"""Who may do what, and the proofs that they are given."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Principal:
    """Who may do what, where: agent, service or person, its roles and its scope."""

    id: str
    kind: str
    name: str
    roles: list[str]
    scope: str
    simulated: bool
    created: str
    credentials: list["Credential"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Credential:
    """A way to prove to be a principal; the secret itself is shown once, when made."""

    id: str
    created: str
    expires: str | None
    last_used: str | None
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Principals:
    """Answer to `GET principals`."""

    principals: list[Principal]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A one-time code that its holder redeems for a credential before it expires."""

    principal: str
    code: str
    expires: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A new credential with its token, which is shown this once."""

    principal: str
    credential: str
    token: str
    expires: str | None
    container: str = ""
    """The scope of the principal: what an agent writes under."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is asking: the person or service behind the credential used."""

    principal: str
    name: str
    kind: str
    roles: list[str]
    scope: str
    expires: str | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Standings:
    """Of tokens that were asked about, in their order: the session of each; null: it is over."""

    sessions: list[Session | None]


@dataclass(frozen=True, slots=True)
class ValidCredentials:
    """Of the credentials that were asked about, those that are valid."""

    valid: list[str]
