import json
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from agent.relay import known as knowing
from agent.relay.known import Known
from vigie.errors import Refused, Unavailable
from vigie.replies import Session, ValidCredentials


class Upstream:
    """A collector that knows tokens, as `Client` would ask it."""

    def __init__(self) -> None:
        self.sessions = {"vigie_r_s": session("relay", "site")}
        self.valid: set[str] = set()
        self.away = False
        self.asked = 0

    def client(self, _: str, token: str) -> "Asked":
        return Asked(self, token)


class Asked:
    def __init__(self, upstream: Upstream, token: str) -> None:
        self._upstream, self._token = upstream, token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, _: object, path: str) -> Session:
        assert path == "sessions/current"
        self._upstream.asked += 1
        if self._upstream.away:
            raise Unavailable("away")
        if self._token not in self._upstream.sessions:
            raise Refused(401, "no")
        return self._upstream.sessions[self._token]

    def post(self, _: object, path: str, body: dict[str, list[str]]) -> ValidCredentials:
        assert path == "credentials/valid"
        if self._upstream.away:
            raise Unavailable("away")
        return ValidCredentials([c for c in body["credentials"] if c in self._upstream.valid])


def session(kind: str, scope: str, *, simulated: bool = False) -> Session:
    return Session("p", "name", kind, [], scope, None, simulated)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Upstream:
    made = Upstream()
    monkeypatch.setattr(knowing, "Client", made.client)
    return made


@pytest.fixture
def make(tmp_path: Path, upstream: Upstream) -> Callable[[], Known]:
    assert upstream.asked == 0

    def made() -> Known:
        known = Known(tmp_path / "known.json", "http://up", lambda: "vigie_r_s", lambda: 1_000.0)
        known.load()
        return known

    return made


def test_whoever_is_known_once_goes_on_being_known_while_the_upstream_is_away(
    upstream: Upstream, make: Callable[[], Known], tmp_path: Path
) -> None:
    upstream.sessions["vigie_a_secret"] = session("agent", "site/c1/h1")
    known = make()
    assert known.look("vigie_a_secret") is None
    known.ask("vigie_a_secret")
    known.keep()
    upstream.away = True
    known.refresh()
    again = make()
    for one in (known, again):
        person = one.look("vigie_a_secret")
        assert person is not None
        assert (person.credential, person.scope) == ("a", "site/c1/h1")
    with pytest.raises(Unavailable):
        again.ask("vigie_b_secret")
    path = tmp_path / "known.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secret" not in path.read_text().replace("secrets", "")


def test_a_revoked_one_ends_with_the_next_question(
    upstream: Upstream, make: Callable[[], Known], tmp_path: Path
) -> None:
    for name in "ab":
        upstream.sessions[f"vigie_{name}_s"] = session("agent", "site/c1")
    known = make()
    known.ask("vigie_a_s")
    known.ask("vigie_b_s")
    upstream.valid = {"b"}
    known.refresh()
    assert (known.look("vigie_a_s"), len(known)) == (None, 1)
    assert len(json.loads((tmp_path / "known.json").read_text())) == 1


@pytest.mark.parametrize(
    ("found", "status"),
    [(session("relay", "site"), 403), (session("person", "site"), 403),
     (session("agent", "other/c1"), 403), (session("agent", ""), 403),
     (session("agent", "site/c1", simulated=True), 403), (None, 401)],
)  # fmt: skip
def test_nobody_else_sends_through_here(
    upstream: Upstream, make: Callable[[], Known], found: Session | None, status: int
) -> None:
    if found:
        upstream.sessions["vigie_x_s"] = found
    known = make()
    with pytest.raises(Refused) as refused:
        known.ask("vigie_x_s")
    assert refused.value.status == status
    asked = upstream.asked
    with pytest.raises(Refused):
        known.look("vigie_x_s")
    assert upstream.asked == asked, "not asked again at once"


def test_an_expired_one_ends_without_asking(upstream: Upstream, make: Callable[[], Known]) -> None:
    upstream.sessions["vigie_a_s"] = Session(
        "p", "n", "agent", [], "site/c1", "1970-01-01T00:10:00.000Z"
    )
    known = make()
    known.ask("vigie_a_s")
    with pytest.raises(Refused):
        known.look("vigie_a_s")


def test_a_relay_without_a_good_credential_judges_nobody(
    upstream: Upstream, make: Callable[[], Known]
) -> None:
    upstream.sessions = {"vigie_a_s": session("agent", "site/c1")}
    with pytest.raises(Unavailable):
        make().ask("vigie_a_s")


def test_a_damaged_file_is_forgotten(make: Callable[[], Known], tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text('{"a": {"b": 1}}')
    assert len(make()) == 0
