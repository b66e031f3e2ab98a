import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import people
from collector.people import Caller, Newcomer, People
from vigie.database import Database
from vigie.errors import Refused
from vigie.units import NANOSECONDS_PER_SECOND

START = 1_790_000_000.0
AGENT = Newcomer("agent", "agent-1", (), "nanterre/c1")


class Desk:
    """A collector's people with a clock that the test turns."""

    def __init__(self, path: Path) -> None:
        self.now = START
        self.path = path
        self.people = self.another_process()
        self.registrar = self.holder(self.people.built_in("registrar", ["registrar"]).token)

    def another_process(self) -> People:
        self.database = Database(self.path / "state.db", people.TABLES)
        return People(self.database, lambda: int(self.now * NANOSECONDS_PER_SECOND))

    def holder(self, token: str) -> Caller:
        caller = self.people.caller(token)
        assert caller is not None
        return caller


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def test_a_code_becomes_a_credential_once(desk: Desk) -> None:
    code = desk.people.enrol(AGENT, desk.registrar).code
    secret = desk.people.redeem(code)
    caller = desk.holder(secret.token)
    assert (caller.name, caller.kind, caller.scope) == ("agent-1", "agent", "nanterre/c1")
    assert secret.container == "nanterre/c1"
    with pytest.raises(Refused, match="used"):
        desk.people.redeem(code)


def test_a_code_grows_too_old(desk: Desk) -> None:
    code = desk.people.enrol(AGENT, desk.registrar, valid=60).code
    desk.now += 61
    with pytest.raises(Refused, match="too old"):
        desk.people.redeem(code)


@pytest.mark.parametrize(
    "token", ["", "vigie", "vigie_x_y", "Ω_é_ü", "a_b_c_d", "\udcff_\udcff_\udcff"]
)
def test_an_unknown_token_has_no_holder(desk: Desk, token: str) -> None:
    assert desk.people.caller(token) is None


def test_a_known_credential_with_another_secret_has_no_holder(desk: Desk) -> None:
    token = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code).token
    assert desk.people.caller(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert desk.people.caller(token.replace("vigie_", "other_")) is None


def test_two_credentials_are_valid_during_rotation_and_one_after(desk: Desk) -> None:
    first = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code)
    second = desk.people.rotate(first.credential, desk.registrar, overlap=3600)
    assert desk.people.caller(first.token)
    assert desk.people.caller(second.token)
    desk.now += 3601
    assert desk.people.caller(first.token) is None
    assert desk.people.caller(second.token)


def test_a_revoked_credential_ends_at_once(desk: Desk) -> None:
    secret = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code)
    assert desk.people.caller(secret.token)
    desk.people.revoke(secret.credential, desk.registrar)
    assert desk.people.caller(secret.token) is None
    with pytest.raises(Refused, match="revoked"):
        desk.people.rotate(secret.credential, desk.registrar)


def test_a_revocation_by_another_process_is_seen_within_five_seconds(desk: Desk) -> None:
    secret = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code)
    mine, database = desk.people, desk.database
    assert mine.caller(secret.token)
    desk.another_process().revoke(secret.credential, desk.registrar)
    desk.now += 4
    assert mine.caller(secret.token) is None
    database.close()


def test_a_persons_credential_lasts_a_session(desk: Desk) -> None:
    watch = Newcomer("person", "Ada", ("operator",), "nanterre")
    token = desk.people.redeem(desk.people.enrol(watch, desk.registrar).code).token
    assert desk.holder(token).roles == {"operator"}
    desk.now += people.SESSION_SECONDS + 1
    assert desk.people.caller(token) is None


def test_an_agent_renews_its_own_credential_and_nobody_elses(desk: Desk) -> None:
    mine = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code)
    other = Newcomer("agent", "agent-2", (), "nanterre/c1")
    others = desk.people.redeem(desk.people.enrol(other, desk.registrar).code)
    assert desk.people.caller(desk.people.rotate(mine.credential, desk.holder(mine.token)).token)
    with pytest.raises(Refused) as refused:
        desk.people.revoke(others.credential, desk.holder(mine.token))
    assert refused.value.status == 403


def test_a_registrar_of_a_site_enrols_nobody_elsewhere(desk: Desk) -> None:
    local = Newcomer("service", "bureau", ("registrar",), "nanterre")
    token = desk.people.redeem(desk.people.enrol(local, desk.registrar).code).token
    with pytest.raises(Refused, match="outside"):
        desk.people.enrol(Newcomer("agent", "a", (), "lyon/c1"), desk.holder(token))
    with pytest.raises(Refused, match="outside"):
        desk.people.enrol(Newcomer("agent", "a", (), ""), desk.holder(token))


def test_real_and_simulated_agents_share_no_container(desk: Desk) -> None:
    desk.people.enrol(AGENT, desk.registrar)
    twin = Newcomer("agent", "twin", (), "nanterre/c1/host-1", simulated=True)
    with pytest.raises(Refused, match="simulated"):
        desk.people.enrol(twin, desk.registrar)
    desk.people.enrol(Newcomer("agent", "twin", (), "nanterre/c2", simulated=True), desk.registrar)
    assert desk.people.simulated() == {"nanterre/c2"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ghost"},
        {"roles": ("king",)},
        {"name": ""},
        {"name": "a\nb"},
        {"scope": "a/b/c/d"},
        {"scope": "a//b"},
        {"scope": "/"},
    ],
)
def test_a_newcomer_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        Newcomer(**({"kind": "agent", "name": "a"} | wrong))  # type: ignore[arg-type]
    assert refused.value.status == 400


def test_every_change_says_who_did_it_and_no_secret_is_written(desk: Desk) -> None:
    enrolment = desk.people.enrol(AGENT, desk.registrar)
    secret = desk.people.redeem(enrolment.code)
    desk.people.rotate(secret.credential, desk.registrar)
    desk.people.revoke(secret.credential, desk.registrar)
    acts = desk.database.rows("SELECT act, principal FROM audit ORDER BY id")
    assert [row["act"] for row in acts] == ["issue", "enrol", "redeem", "rotate", "revoke"]
    assert acts[1]["principal"] == acts[4]["principal"] == desk.registrar.principal
    desk.database.close()
    written = b"".join(p.read_bytes() for p in desk.path.iterdir())
    assert enrolment.code.encode() not in written
    assert secret.token.split("_", 2)[2].encode() not in written


def test_when_a_credential_was_used_is_shown_and_kept(desk: Desk) -> None:
    secret = desk.people.redeem(desk.people.enrol(AGENT, desk.registrar).code)
    desk.people.caller(secret.token)
    desk.people.note_uses()
    (agent,) = desk.people.principals("nanterre")
    assert agent.credentials[0].last_used == "2026-09-21T14:13:20.000Z"
    assert desk.people.principals("lyon") == []


def test_a_new_credential_is_known_also_while_another_thread_reads_what_is_valid(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on, load = threading.Event(), threading.Event(), desk.people._load

    def slow() -> dict[str, tuple[bytes, Caller]]:
        reading.set()
        assert go_on.wait(200)
        return load()

    code = desk.people.enrol(Newcomer("person", "ada", ("reader",)), desk.registrar).code
    token = desk.people.redeem(code).token
    monkeypatch.setattr(desk.people, "_load", slow)
    found: list[Caller | None] = []
    first = threading.Thread(target=desk.people.caller, args=("vigie_x_y",))
    second = threading.Thread(target=lambda: found.append(desk.people.caller(token)))
    first.start()
    assert reading.wait(60)
    second.start()
    second.join(0.05)  # it waits for what is being read, or has taken what was
    go_on.set()
    first.join(60)
    second.join(60)
    assert found != [None]


def test_the_scopes_that_the_twin_plays_are_known_as_soon_as_they_are_let_in(desk: Desk) -> None:
    assert desk.people.simulated() == frozenset()
    desk.people.enrol(Newcomer("agent", "twin", (), "lyon/c1", simulated=True), desk.registrar)
    assert desk.people.simulated() == {"lyon/c1"}
