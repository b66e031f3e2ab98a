"""Working through a tree in the order of its paths, from anywhere on."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.fragments import order

TREE = ("a", "a.0", "b/c/1", "b/c/2", "b/c.0", "b-x/1", "d/1", "e")


def made(root: Path, paths: Iterable[str] = TREE) -> str:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    return str(root)


def paths(root: str, cursor: str = "", batch: int = 100) -> list[str]:
    return [entry.path for entry in order.after(root, cursor, batch)]


def by_components(path: str) -> list[str]:
    return path.split("/")


def test_every_file_comes_once_ordered_by_the_names_on_its_path(tmp_path: Path) -> None:
    assert paths(made(tmp_path)) == sorted(TREE, key=by_components)


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_it_goes_on_after_any_of_them(tmp_path: Path, batch: int) -> None:
    root = made(tmp_path)
    whole = paths(root)
    for position, path in enumerate(whole):
        assert paths(root, path, batch) == whole[position + 1 :]


def test_it_goes_on_after_a_file_or_directory_that_is_gone(tmp_path: Path) -> None:
    root = made(tmp_path)
    assert paths(root, "b/c/1x") == ["b/c/2", "b/c.0", "b-x/1", "d/1", "e"]
    assert paths(root, "b/bb/7") == ["b/c/1", "b/c/2", "b/c.0", "b-x/1", "d/1", "e"]
    assert paths(root, "c/1") == ["d/1", "e"]
    assert paths(root, "zz") == []


def test_what_appears_behind_is_left_and_what_appears_ahead_is_found(tmp_path: Path) -> None:
    root = made(tmp_path)
    walk = order.after(root)
    assert next(walk).path == "a"
    assert next(walk).path == "a.0"
    made(tmp_path, ["a.00", "d/0", "d/2"])
    assert [entry.path for entry in walk][-4:] == ["d/0", "d/1", "d/2", "e"]


def test_what_vanishes_ahead_ends_nothing(tmp_path: Path) -> None:
    root = made(tmp_path)
    walk = order.after(root)
    next(walk)
    (tmp_path / "d/1").unlink()
    (tmp_path / "d").rmdir()
    assert "e" in [entry.path for entry in walk]


def test_how_much_is_done_only_grows_and_ends_at_all(tmp_path: Path) -> None:
    for batch in (1, 100):
        done = [entry.done for entry in order.after(made(tmp_path), batch=batch)]
        assert done == sorted(done)
        assert done[-1] == pytest.approx(1)
        assert 0 < done[0] < 0.5


def test_it_is_as_far_after_a_restart_as_it_was(tmp_path: Path) -> None:
    root = made(tmp_path)
    whole = {entry.path: entry.done for entry in order.after(root)}
    for entry in order.after(root, "b/c/1"):
        assert entry.done == pytest.approx(whole[entry.path])


def test_a_link_to_a_directory_above_is_not_followed(tmp_path: Path) -> None:
    root = made(tmp_path, ["a/1"])
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert paths(root) == ["a/1", "a/up"]


def test_names_that_are_no_text_are_names_all_the_same(tmp_path: Path) -> None:
    root = made(tmp_path, [os.fsdecode(b"a\xff/1"), "b"])
    assert paths(root) == ["a\udcff/1", "b"]
    assert paths(root, "a\udcff/1") == ["b"]


def test_a_missing_root_has_no_files(tmp_path: Path) -> None:
    assert paths(str(tmp_path / "none")) == []
