"""To add something takes at most two files, and here each is added."""

from pathlib import Path

import pytest

from tests.house import ROOT
from tools.additions import __main__ as additions


@pytest.mark.slow
@pytest.mark.parametrize("name", additions.names())
def test_what_contributing_promises_is_so(name: str, tmp_path: Path) -> None:
    assert additions.attempt(name, tmp_path) == ""


def test_an_addition_that_touches_three_files_is_refused(tmp_path: Path) -> None:
    many = additions.Addition("x", {"a": "", "b": "", "c": ""}, (), ())
    with pytest.raises(ValueError, match="x touches"):
        additions.add(many, tmp_path)


def test_a_place_that_moved_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\n")
    with pytest.raises(ValueError, match="'two' stands there 0 times"):
        additions.add(additions.Addition("x", {}, (("a", "two", ""),), ()), tmp_path)


def test_a_check_that_fails_is_shown(tmp_path: Path) -> None:
    failing = additions.Addition("x", {}, (), (("python", "-c", "raise SystemExit('why')"),))
    assert "why" in additions.check(failing, tmp_path)


def test_what_is_tried_is_promised() -> None:
    promised = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in additions.names():
        for file in additions.read(additions.FOLDER / f"{name}.toml").files:
            folder = f"{Path(file).parent}/"
            assert f"`{file}`" in promised or f"`{folder}`" in promised
