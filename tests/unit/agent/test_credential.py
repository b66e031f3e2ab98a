"""The credential: got for a code, kept to oneself, and only for its own upstream."""

import json
import stat
from pathlib import Path

import pytest

from agent.credential import Credential
from tests.build.upstream import Reply, Upstream
from vigie.errors import Refused, Unavailable, VigieError

SECRET = {
    "principal": "p", "credential": "c", "token": "vigie_c_x", "expires": None,
    "container": "lyon/c1/h1",
}  # fmt: skip


def test_a_code_becomes_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    path = tmp_path / "agent" / "credential"
    with Upstream(lambda _: Reply(200, body=SECRET)) as upstream:
        credential = Credential.load(path, upstream.url)
        assert credential.token == ""
        credential.redeem("one-time")
        assert json.loads(upstream.requests[0].body) == {"code": "one-time"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Credential.load(path, upstream.url + "/")
    assert (again.token, again.container, again.host) == ("vigie_c_x", "lyon/c1", "h1")


@pytest.mark.parametrize(
    ("scope", "container", "host"),
    [("", "", ""), ("lyon", "", ""), ("lyon/c1", "lyon/c1", ""), ("lyon/c1/h1", "lyon/c1", "h1")],
)
def test_the_scope_says_container_and_host(scope: str, container: str, host: str) -> None:
    credential = Credential(Path(), "http://x", "t", scope)
    assert (credential.container, credential.host) == (container, host)


def test_the_credential_of_another_upstream_is_not_given_away(tmp_path: Path) -> None:
    path = tmp_path / "credential"
    path.write_text(json.dumps({"url": "http://a", "token": "t", "container": "s/c"}))
    assert Credential.load(path, "http://b").token == ""


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"url": 3}'])
def test_a_broken_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credential"
    path.write_text(text)
    with pytest.raises(VigieError, match="enrol"):
        Credential.load(path, "http://a")


def test_a_code_that_is_no_good_leaves_no_file(tmp_path: Path) -> None:
    with Upstream(lambda _: Reply(401, body={"detail": "code expired"})) as upstream:
        credential = Credential.load(tmp_path / "credential", upstream.url)
        with pytest.raises(Refused, match="expired"):
            credential.redeem("old")
    with pytest.raises(Unavailable):
        credential.redeem("old")
    assert not (tmp_path / "credential").exists()
