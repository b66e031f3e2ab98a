"""How what is played gets its credentials."""

import stat
import threading
from pathlib import Path

import pytest

from tests.build.answers import answering
from twin.wire.enrolment import Registry
from vigie.errors import Refused, VigieError

CODE = {"principal": "p", "code": "c0de", "expires": "2030-01-01T00:00:00Z"}
SECRET = {
    "principal": "p", "credential": "c", "token": "vigie_c_s", "expires": None,
    "container": "site/c1",
}  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "registrar.token").write_text("registrar\n")
    return tmp_path


def test_a_container_is_enrolled_once_as_simulated_and_its_token_is_its_owners_alone(
    data: Path,
) -> None:
    with answering() as server:
        server.then(200, CODE).then(200, SECRET)
        registry = Registry(server.url, data, threading.Event())
        (first,) = registry.credentials(["site/c1"])
        (again,) = registry.credentials(["site/c1"])
    assert (first.token, first.scope) == ("vigie_c_s", "site/c1")
    assert again.token == first.token
    enrol, redeem = server.asked
    assert enrol.headers["Authorization"] == "Bearer registrar"
    assert enrol.body == {"kind": "agent", "name": "twin", "scope": "site/c1", "simulated": True}
    assert (redeem.path, redeem.body) == ("/api/v1/credentials", {"code": "c0de"})
    kept = data / "twin" / "site" / "c1" / "credential"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_collector_that_is_away_is_waited_for(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = threading.Event()
    waits: list[float] = []
    monkeypatch.setattr(ending, "wait", waits.append)
    with answering() as server:
        server.then(503, Retry_After="2").then(200, CODE).then(200, SECRET)
        (found,) = Registry(server.url, data, ending).credentials(["site/c1"])
    assert found.token
    assert waits == [2.0]


def test_a_refusal_is_final(data: Path) -> None:
    with answering() as server:
        server.then(409, {"detail": "simulated and real agents share no place"})
        with pytest.raises(Refused, match="share no place"):
            Registry(server.url, data, threading.Event()).credentials(["site/c1"])


def test_without_a_registrar_it_is_said_what_is_needed(tmp_path: Path) -> None:
    registry = Registry("http://127.0.0.1:1", tmp_path, threading.Event())
    with pytest.raises(VigieError, match=r"registrar\.token.*needs the data directory"):
        registry.credentials(["site/c1"])


def test_told_to_end_it_enrols_nobody(data: Path) -> None:
    ending = threading.Event()
    ending.set()
    assert Registry("http://127.0.0.1:1", data, ending).credentials(["site/c1"]) == []


def test_the_key_is_the_networks(data: Path) -> None:
    with answering() as server:
        server.then(200, CODE).then(200, SECRET).then(200, {"key": "ab" * 32})
        registry = Registry(server.url, data, threading.Event())
        assert registry.key(registry.credentials(["site/c1"])[0]) == b"\xab" * 32
    assert server.asked[-1].headers["Authorization"] == "Bearer vigie_c_s"
