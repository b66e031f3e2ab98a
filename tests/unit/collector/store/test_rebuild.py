from pathlib import Path

from collector.store.parquet import Commit, Footer, TableFile
from collector.store.rebuild import choose

Found = tuple[Footer, TableFile]


def file(
    name: str, commit: str, position: int, files: int = 1, replaces: tuple[str, ...] = ()
) -> Found:
    said = Commit(commit, position, {"at": str(position)}, replaces)
    return Footer(said, files, 0), TableFile(Path(name), 1, 1, 0, 0)


def names(*found: Found, replayable: int | None = None) -> list[str]:
    return [f.path.name for f in choose(found, replayable).files]


def test_whole_commits_count_and_the_newest_speaks() -> None:
    found = [file("a", "1", 5), file("b", "2", 9)]
    choice = choose(found, None)
    assert [f.path.name for f in choice.files] == ["a", "b"]
    assert (choice.position, choice.properties) == (9, {"at": "9"})


def test_a_merge_takes_the_place_of_its_inputs() -> None:
    inputs = [file("a", "1", 5), file("b", "2", 9)]
    assert names(*inputs, file("m", "3", 9, replaces=("a", "b"))) == ["m"]


def test_half_a_merge_did_not_happen_while_its_inputs_are_there() -> None:
    half = file("m", "3", 9, files=2, replaces=("a", "b"))
    assert names(file("a", "1", 5), file("b", "2", 9), half) == ["a", "b"]
    assert names(half) == ["m"]


def test_half_a_flush_did_not_happen_while_the_journal_has_its_records() -> None:
    found = [file("a", "1", 5), file("b", "2", 9, files=2)]
    choice = choose(found, replayable=6)
    assert [f.path.name for f in choice.files] == ["a"]
    assert choice.position == 5
    # The journal goes on after it: it happened, and its other file went in a merge or with age.
    assert names(*found, replayable=10) == ["a", "b"]
    assert names(*found) == ["a", "b"]


def test_an_older_flush_whose_file_went_keeps_the_others() -> None:
    assert names(file("a", "1", 5, files=2), file("b", "2", 9), replayable=6) == ["a", "b"]


def test_nothing_makes_an_empty_table() -> None:
    assert choose([], 1).files == ()
