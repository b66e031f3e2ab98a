import argparse
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vigie.commands import asking
from vigie.errors import VigieError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIE_TOKEN", raising=False)
    monkeypatch.delenv("VIGIE_URL", raising=False)


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    asking.add(parser)
    return parser.parse_args(words)


def test_the_token_lies_in_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "reader.token").write_text("secret\n")
    client = asking.client(arguments("--data", str(tmp_path)))
    assert client._headers()["Authorization"] == "Bearer secret"
    assert client.url == asking.DEFAULT_URL


def test_the_environment_has_the_first_word_on_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_TOKEN", "other")
    (tmp_path / "reader.token").write_text("secret\n")
    client = asking.client(arguments("--data", str(tmp_path)))
    assert client._headers()["Authorization"] == "Bearer other"


def test_without_a_token_one_is_told_where_it_would_lie(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match=f"{tmp_path}/registrar.token: No such file.*--data"):
        asking.client(arguments("--data", str(tmp_path)), asking.REGISTRAR)


def test_url_flag_then_environment_then_what_up_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "collector.url").write_text("http://noted:1\n")
    data = ("--data", str(tmp_path))
    assert asking.anonymous(arguments(*data)).url == "http://noted:1"
    monkeypatch.setenv("VIGIE_URL", "http://environment:2")
    assert asking.anonymous(arguments(*data)).url == "http://environment:2"
    assert asking.anonymous(arguments(*data, "--url", "http://flag:3")).url == "http://flag:3"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2h", "2026-01-31T10:00:00Z"),
        ("2026-01-31T08:00Z", "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00+01:00", "2026-01-31T07:00:00Z"),
    ],
)
def test_a_time_is_absolute_or_so_long_ago(text: str, time: str) -> None:
    assert asking.moment(text, NOW) == time


def test_what_is_no_time_is_told() -> None:
    with pytest.raises(VigieError, match="'yesterday' is no time"):
        asking.moment("yesterday", NOW)
