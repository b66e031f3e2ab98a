import os
from pathlib import Path

import pytest

from alerts.rulebook import NETWORK, Rulebook
from tests.unit.alerts.test_load import RULE
from vigie.errors import SettingsError
from vigie.network.thresholds import Threshold


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(RULE)
    return tmp_path


def rewritten(path: Path, text: str) -> None:
    """Write a file so that it looks changed however fast the test is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_own_rules_stand_beside_the_packaged(folder: Path) -> None:
    assert {"filling", "agent_silent"} <= set(Rulebook(folder).rules)
    assert "filling" not in Rulebook().rules


def test_an_own_rule_replaces_the_packaged_of_its_name(folder: Path) -> None:
    rewritten(folder / "own.toml", RULE.replace('"filling"', '"filesystem_filling"'))
    book = Rulebook(folder)
    assert book.rules["filesystem_filling"].origin.startswith(str(folder))
    assert len(book.rules) == len(Rulebook().rules)


def test_the_start_is_refused_with_every_fault_of_every_file(folder: Path) -> None:
    (folder / "other.toml").write_text(RULE.replace("priority = 2", "priority = 9"))
    rewritten(folder / "own.toml", RULE.replace("5min", "5 moments"))
    with pytest.raises(SettingsError, match=r"(?s)other\.toml:4.*own\.toml:7"):
        Rulebook(folder)


def test_two_own_files_cannot_share_a_rule(folder: Path) -> None:
    (folder / "other.toml").write_text(RULE)
    with pytest.raises(SettingsError, match="filling stands already at"):
        Rulebook(folder)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        Rulebook(tmp_path / "nowhere")


def test_changed_new_and_removed_files_are_followed(folder: Path) -> None:
    book = Rulebook(folder)
    assert not book.refresh()
    rewritten(folder / "own.toml", RULE.replace("priority = 2", "priority = 1"))
    assert book.refresh()
    assert book.rules["filling"].priority == 1
    rewritten(folder / "more.toml", RULE.replace('"filling"', '"more"'))
    assert book.refresh()
    (folder / "own.toml").unlink()
    assert book.refresh()
    assert "more" in book.rules
    assert "filling" not in book.rules


def test_a_file_that_breaks_keeps_its_old_rules_and_says_so(folder: Path) -> None:
    book = Rulebook(folder)
    rewritten(folder / "own.toml", "[[rule]\n")
    assert not book.refresh()
    assert "filling" in book.rules
    assert "is no TOML" in book.faults[folder / "own.toml"]
    rewritten(folder / "own.toml", RULE)
    assert book.refresh()
    assert not book.faults


def test_rules_take_the_numbers_that_places_have_as_they_change(tmp_path: Path) -> None:
    given: list[Threshold] = []
    book = Rulebook(tmp_path)
    book.follow(lambda: given)
    own = book.rules["filesystem_filling"]
    given.append(Threshold("filesystem_filling", "least", "p/a", "8%"))
    assert book.refresh()
    assert book.rules["filesystem_filling"].thresholds["least"].plan.elsewhere == (("p/a", 0.08),)
    assert not book.refresh(), "nothing changed"
    given[0] = Threshold("filesystem_filing", "least", "p/a", "8%")
    assert book.refresh()
    assert book.rules["filesystem_filling"] == own
    assert (
        "thresholds[1].rule: no rule is called filesystem_filing; did you" in book.faults[NETWORK]
    )
    given.clear()
    assert book.refresh()
    assert NETWORK not in book.faults
