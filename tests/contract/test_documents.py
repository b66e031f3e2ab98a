"""What the documents name exists."""

import re

import pytest

from tests.house import ROOT

PATH = re.compile(r"`([\w./-]+(?:/|\.(?:py|toml|md|txt|csv|c)))`")
NAMING = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/reference/README.md")


@pytest.mark.parametrize("page", NAMING)
def test_every_path_that_is_named_exists(page: str) -> None:
    named = PATH.findall((ROOT / page).read_text(encoding="utf-8"))
    missing = [path for path in named if not (ROOT / path).exists()]
    assert not missing


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench"}
    assert packages <= {path.rstrip("/") for path in PATH.findall(text)}


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for page in folder.glob("[0-9]*.md"):
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, name = title.partition(" ")
        assert f"| [{number}]({page.name}) | {name} |" in listed
