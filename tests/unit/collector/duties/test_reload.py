from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.counters import Counters
from collector.duties.reload import BROKEN, FAILURES, Reload
from collector.networks import TABLES, Networks
from vigie.database import Database
from vigie.errors import SettingsError
from vigie.network.choice import Choice

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
FINE = """\
name = "{name}"

[[operators]]
id = "city"
name = "City"

[[sites]]
id = "lyon"
name = "Lyon"
operator = "city"

[[containers]]
id = "one"
name = "One"
site = "lyon"
"""
BROKEN_LINE = FINE.replace('operator = "city"', 'operator = "cty"')


class Story:
    """A file, a clock, and the duty that looks at it."""

    def __init__(self, folder: Path) -> None:
        self.file, self.now = folder / "network.toml", NOW
        self.database = Database(folder / "state.db", TABLES)
        self.counters = Counters()
        self.file.write_text(FINE.format(name="first"))
        self.restarts()

    def restarts(self) -> None:
        self.networks = Networks(self.database)
        self.reload = Reload(Choice(self.file, "vm"), self.networks, self.counters)

    def turn(self) -> None:
        self.now += timedelta(seconds=2)
        self.reload.run(self.now)

    def versions(self) -> list[str]:
        return [v.name for v in self.networks.history()]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    found = Story(tmp_path)
    found.reload.start(found.now.timestamp())
    return found


def test_a_file_that_changes_becomes_a_version(story: Story) -> None:
    story.turn()
    assert story.versions() == ["first"]
    story.file.write_text(FINE.format(name="second"))
    story.turn()
    assert story.versions() == ["first", "second"]
    assert story.networks.history()[-1].valid_from == story.now
    assert story.reload.fault() is None


def test_a_broken_file_keeps_the_old_and_says_where_once(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.file.write_text(BROKEN_LINE.format(name="second"))
    for _ in range(3):
        story.turn()
    assert story.networks.current().name == "first"
    assert "network.toml:10" in (story.reload.fault() or "")
    assert (story.counters.value(FAILURES), story.counters.value(BROKEN)) == (1, 1)
    assert [r.message for r in caplog.records] == [
        "network files are wrong; the last version stays"
    ]


def test_a_mended_file_is_in_force_and_the_fault_is_gone(story: Story) -> None:
    story.file.write_text("name = ")
    story.turn()
    assert "network.toml:1: is no TOML" in (story.reload.fault() or "")
    story.file.write_text(FINE.format(name="second"))
    story.turn()
    assert story.versions() == ["first", "second"]
    assert story.reload.fault() is None
    assert (story.counters.value(FAILURES), story.counters.value(BROKEN)) == (1, 0)


def test_a_file_mended_to_what_it_was_adds_no_version(story: Story) -> None:
    story.file.write_text("name = ")
    story.turn()
    story.file.write_text(FINE.format(name="first"))
    story.turn()
    assert story.versions() == ["first"]
    assert story.reload.fault() is None


def test_a_file_that_is_gone_keeps_the_old_until_it_is_back(story: Story) -> None:
    story.file.unlink()
    story.turn()
    assert "cannot be read" in (story.reload.fault() or "")
    story.file.write_text(FINE.format(name="first"))
    story.turn()
    assert (story.versions(), story.reload.fault()) == (["first"], None)


def test_a_start_with_a_broken_file_goes_on_with_the_last_version(story: Story) -> None:
    story.file.write_text(BROKEN_LINE.format(name="second"))
    story.restarts()
    story.reload.start(story.now.timestamp())
    assert story.networks.current().name == "first"
    assert "network.toml:10" in (story.reload.fault() or "")


def test_a_first_start_with_a_broken_file_is_refused(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.file.write_text(BROKEN_LINE.format(name="first"))
    with pytest.raises(SettingsError, match=r"network\.toml:10"):
        story.reload.start(story.now.timestamp())
    assert not story.networks.known
