import os
from pathlib import Path

import pytest

from vigie.errors import SettingsError
from vigie.network.choice import Choice
from vigie.network.load import reference

SITE = """
[[operators]]
id = "city"
name = "City"

[[sites]]
id = "{site}"
name = "{site}"
operator = "city"

[[containers]]
id = "one"
name = "One"
site = "{site}"
"""


def test_nothing_chosen_is_this_host_which_never_changes() -> None:
    choice = Choice(None, "vm")
    assert [c.path for c in choice.load().containers] == ["local/this"]
    assert choice.stamp() == ()


def test_the_twin_brings_the_reference_network_beside_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "network.toml"
    file.write_text(SITE.format(site="lyon"))
    found = Choice(file, "vm", twin=True).load()
    assert [c.path for c in found.containers] == [
        "lyon/one", *(c.path for c in reference().containers),
    ]  # fmt: skip
    alone = Choice(None, "vm", twin=True).load()
    assert (alone.name, alone.containers[0].path) == ("vm", "local/this")


def test_a_name_that_the_reference_network_has_too_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "network.toml"
    file.write_text(SITE.format(site="cannes"))
    with pytest.raises(SettingsError, match="'cannes' is declared already"):
        Choice(file, "vm", twin=True).load()


def test_every_change_of_a_file_changes_the_stamp(tmp_path: Path) -> None:
    file = tmp_path / "network.toml"
    file.write_text(SITE.format(site="lyon"))
    choice = Choice(file, "vm")
    stamps = [choice.stamp()]
    before = file.stat()
    file.write_text(SITE.format(site="nice"))  # as long as before
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    stamps.append(choice.stamp())
    file.write_text(SITE.format(site="cannes"))
    stamps.append(choice.stamp())
    file.unlink()
    stamps.append(choice.stamp())
    assert len(set(stamps)) == 4
    with pytest.raises(SettingsError, match=r"network\.toml"):
        choice.load()


def test_in_a_folder_a_file_that_comes_or_goes_changes_the_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SITE.format(site="lyon"))
    choice = Choice(tmp_path, "vm")
    first = choice.stamp()
    (tmp_path / "notes.txt").write_text("nobody's business")
    assert choice.stamp() == first
    (tmp_path / "b.toml").write_text("")
    assert choice.stamp() != first
    (tmp_path / "b.toml").unlink()
    assert choice.stamp() == first
