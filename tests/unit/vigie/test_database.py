import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vigie.database import Database, Table
from vigie.errors import StoreDamaged, StoreError

TABLES = (Table("pet", "name TEXT PRIMARY KEY, legs INTEGER NOT NULL", ("legs",)),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path, TABLES)
    yield opened
    opened.close()


def names(database: Database) -> list[str]:
    return [row["name"] for row in database.rows("SELECT name FROM pet ORDER BY name")]


def test_what_was_written_is_there_after_opening_again(path: Path, database: Database) -> None:
    with database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 4)")
    database.close()
    again = Database(path, TABLES)
    assert names(again) == ["cat"]
    again.close()


def test_every_commit_is_synced(database: Database) -> None:
    row = database.row("PRAGMA synchronous")
    assert row is not None
    assert row[0] == 2


def test_a_block_that_fails_changes_nothing(database: Database) -> None:
    with contextlib.suppress(RuntimeError), database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 4)")
        raise RuntimeError
    assert names(database) == []


def test_a_block_inside_another_is_part_of_it(database: Database) -> None:
    with contextlib.suppress(RuntimeError), database.write() as outer:
        outer.execute("INSERT INTO pet VALUES ('cat', 4)")
        with database.write() as inner:
            inner.execute("INSERT INTO pet VALUES ('ant', 6)")
        raise RuntimeError
    assert names(database) == []


def test_what_sqlite_refuses_is_a_store_error_and_leaves_no_transaction_open(
    database: Database, path: Path
) -> None:
    with database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 4)")
    with pytest.raises(StoreError, match=f"{path}: UNIQUE"), database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 3)")
    with database.write() as write:
        write.execute("INSERT INTO pet VALUES ('dog', 4)")
    assert names(database) == ["cat", "dog"]


def test_a_commit_that_fails_does_not_swallow_the_next_one(database: Database) -> None:
    with database.write() as write:
        write.execute("CREATE TABLE house (pet TEXT REFERENCES pet DEFERRABLE INITIALLY DEFERRED)")
    database.rows("PRAGMA foreign_keys=ON")
    with pytest.raises(StoreError, match="FOREIGN KEY"), database.write() as write:
        write.execute("INSERT INTO house VALUES ('nobody')")
    with database.write() as write:
        write.execute("INSERT INTO pet VALUES ('dog', 4)")
    assert not database.rows("SELECT * FROM house")
    assert names(database) == ["dog"]


def test_a_wrong_question_is_a_store_error(database: Database) -> None:
    with pytest.raises(StoreError, match="no such table"):
        database.rows("SELECT * FROM ghost")


def test_columns_have_types(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 'four')")


@pytest.mark.parametrize("damage", [b"not a database at all", None])
def test_a_damaged_file_is_told_and_not_opened(path: Path, damage: bytes | None) -> None:
    sound = Database(path, TABLES)
    with sound.write() as write:
        write.executemany("INSERT INTO pet VALUES (?, 4)", [(f"{n:0400}",) for n in range(200)])
    sound.close()
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(damage or content[:middle] + bytes(4096) + content[middle + 4096 :])
    with pytest.raises(StoreError, match=str(path)):
        Database(path, TABLES)


def test_threads_write_in_turn(database: Database) -> None:
    def add(letter: str) -> None:
        for number in range(10):
            with database.write() as write:
                write.execute("INSERT INTO pet VALUES (?, ?)", (f"{letter}{number}", number))

    threads = [threading.Thread(target=add, args=(letter,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 30


def test_damage_is_told_from_other_faults(path: Path, database: Database) -> None:
    with pytest.raises(StoreError) as fault, database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', NULL)")
    assert not isinstance(fault.value, StoreDamaged)
    database.close()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreDamaged):
        Database(path, TABLES)


def test_a_table_may_be_kept_in_the_order_of_its_key(tmp_path: Path) -> None:
    table = Table("pet", "name TEXT PRIMARY KEY, legs INTEGER NOT NULL", rowid=False)
    database = Database(tmp_path / "pets.db", (table,))
    with pytest.raises(StoreError, match="rowid"):
        database.rows("SELECT rowid FROM pet")
    database.close()


def test_a_file_from_before_gets_the_columns_that_came_later(
    path: Path, database: Database
) -> None:
    with database.write() as write:
        write.execute("INSERT INTO pet VALUES ('cat', 4)")
    database.close()
    later = (Table("pet", TABLES[0].columns, added=("owner TEXT", "age REAL DEFAULT 1.0")),)
    for _ in range(2):
        again = Database(path, later)
        row = again.row("SELECT * FROM pet")
        assert row is not None
        assert dict(row) == {"name": "cat", "legs": 4, "owner": None, "age": 1.0}
        again.close()
