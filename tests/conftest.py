"""What every test may ask for: golden files, and a browser where there is one."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, sync_playwright

GOLDEN = Path(__file__).parent / "golden"
FIRST = ("system", "stories", "contract", "unit")
"""Folders, those first whose files take long: at the end, one file must not keep all waiting."""
# Without a sandbox, because CI runs as root; the only pages it opens are ours.
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("vigie", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vigie")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --golden."""
    parser.addoption("--golden", action="store_true", help="rewrite tests/golden")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/system, skip browser tests without a browser, set the order."""
    no_browser = pytest.mark.skip(reason="no Chromium on PATH: sudo apt install chromium")
    may_skip = not CHROMIUM and not os.environ.get("REQUIRE_BROWSER")
    for item in items:
        if "system" in item.path.relative_to(GOLDEN.parent).parts[:-1]:
            item.add_marker("system")
        if may_skip and item.get_closest_marker("browser"):
            item.add_marker(no_browser)
    longest_first(items)


def longest_first(items: list[pytest.Item]) -> None:
    """Put files first that may take long, by the time that their tests are given."""
    given = Counter[Path]()
    for item in items:
        mark = item.get_closest_marker("timeout")
        given[item.path] += int(mark.args[0]) if mark else 1

    def rank(item: pytest.Item) -> tuple[int, int]:
        folder = item.path.relative_to(GOLDEN.parent).parts[0]
        return FIRST.index(folder) if folder in FIRST else len(FIRST), -given[item.path]

    items.sort(key=rank)  # files are whole, and chance has its say among equals


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with its file in tests/golden; `make golden` rewrites the file."""

    def same(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"tests/golden/{name} is missing; run `make golden`"
        assert text == path.read_text(encoding="utf-8")

    return same


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, started once a file: its event loop must not outlive browser tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh browser page, with no cookie and no history."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()
