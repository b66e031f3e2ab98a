from dataclasses import replace
from pathlib import Path

import pytest

from agent.credential import Credential
from agent.fragments.key import key
from tests.build.upstream import Reply, Upstream
from vigie.errors import Refused, SettingsError, Unavailable
from vigie.settings import AgentSettings

KEY = bytes(range(32))


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    (tmp_path / "agent").mkdir()
    return AgentSettings(data=tmp_path)


def credential(url: str, token: str = "token") -> list[Credential]:
    return [Credential(Path("none"), url, token, "site/c1")]


def test_the_first_upstream_is_asked_once_and_the_answer_kept_from_others(
    settings: AgentSettings,
) -> None:
    with Upstream(lambda _: Reply(200, body={"key": KEY.hex()})) as upstream:
        assert key(settings, credential(upstream.url)) == KEY
        assert key(settings, credential(upstream.url)) == KEY
        assert [request.path for request in upstream.requests] == ["/api/v1/fragments/key"]
    file = settings.data / "agent" / "fragments.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key(settings, credential("http://127.0.0.1:1")) == KEY


def test_a_file_in_the_settings_is_asked_before_all(settings: AgentSettings) -> None:
    file = settings.data / "own"
    file.write_text(KEY.hex() + "\n")
    assert key(replace(settings, fragment_key=file), []) == KEY


@pytest.mark.parametrize("text", ["", "5a" * 31, "no hex", "é"])
def test_a_file_that_holds_no_key_is_told(settings: AgentSettings, text: str) -> None:
    file = settings.data / "own"
    file.write_text(text)
    with pytest.raises(SettingsError, match="32 bytes in hex"):
        key(replace(settings, fragment_key=file), [])


def test_a_file_that_is_not_there_is_told(settings: AgentSettings) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        key(replace(settings, fragment_key=settings.data / "none"), [])


def test_without_a_credential_nobody_is_asked(settings: AgentSettings) -> None:
    with pytest.raises(Unavailable, match="not enrolled"):
        key(settings, credential("http://127.0.0.1:1", ""))


@pytest.mark.parametrize("body", [{}, {"key": "5a"}, {"key": "no hex"}])
def test_an_answer_that_is_no_key_is_not_kept(
    settings: AgentSettings, body: dict[str, str]
) -> None:
    with Upstream(lambda _: Reply(200, body=body)) as upstream, pytest.raises(Unavailable):
        key(settings, credential(upstream.url))
    assert not (settings.data / "agent" / "fragments.key").exists()


def test_who_may_not_know_it_is_told_so(settings: AgentSettings) -> None:
    with Upstream(lambda _: Reply(403)) as upstream, pytest.raises(Refused):
        key(settings, credential(upstream.url))
