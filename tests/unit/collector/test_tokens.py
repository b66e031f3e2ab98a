from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import people, tokens
from collector.people import People
from vigie.database import Database


@pytest.fixture
def known(tmp_path: Path) -> Iterator[People]:
    database = Database(tmp_path / "state.db", people.TABLES)
    yield People(database, lambda: 1_790_000_000_000_000_000)
    database.close()


def test_tokens_are_for_their_owner_and_stay(tmp_path: Path, known: People) -> None:
    tokens.ensure(tmp_path, known)
    files = [tmp_path / tokens.READER, tmp_path / tokens.REGISTRAR]
    assert [f.stat().st_mode & 0o777 for f in files] == [0o600, 0o600]
    before = [f.read_text() for f in files]
    tokens.ensure(tmp_path, known)
    assert [f.read_text() for f in files] == before
    roles = [known.caller(f.read_text().strip()) for f in files]
    assert [set(caller.roles) for caller in roles if caller] == [{"reader"}, {"registrar"}]


@pytest.mark.parametrize("content", ["", "vigie_old_token", "\n"])
def test_a_token_that_nobody_honours_is_replaced(
    tmp_path: Path, known: People, content: str
) -> None:
    (tmp_path / tokens.READER).write_text(content)
    tokens.ensure(tmp_path, known)
    assert known.caller((tmp_path / tokens.READER).read_text().strip())
    assert (tmp_path / tokens.READER).stat().st_mode & 0o777 == 0o600
