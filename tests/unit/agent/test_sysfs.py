"""One value a file; what says none is unknown, and only who asks is told why."""

from pathlib import Path

import pytest

from agent import sysfs


def test_a_value_comes_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("-42\n")
    assert (sysfs.text(tmp_path / "value"), sysfs.number(tmp_path / "value")) == ("-42", -42)


@pytest.mark.parametrize("said", ["", "\n", "<unsupported>", "1.5", "max"])
def test_what_is_no_whole_number_is_unknown(tmp_path: Path, said: str) -> None:
    (tmp_path / "value").write_text(said)
    assert sysfs.number(tmp_path / "value") is None


def test_a_file_that_is_missing_or_fails_is_unknown(tmp_path: Path) -> None:
    assert sysfs.text(tmp_path / "none") is None
    assert sysfs.number(tmp_path) is None  # reading a folder fails as a driver does


@pytest.mark.parametrize("name", ["none", "."])
def test_who_asks_is_told_why_and_on_what(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(OSError) as caught:  # noqa: PT011  the file is in the error
        sysfs.read(path)
    assert caught.value.filename == str(path) or caught.value.filename == path


def test_bytes_that_are_no_text_do_not_fail(tmp_path: Path) -> None:
    (tmp_path / "label").write_bytes(b"temp\xff\n")
    assert sysfs.text(tmp_path / "label") == "temp\ufffd"
