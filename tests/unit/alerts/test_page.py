from alerts import page
from alerts.rulebook import Rulebook
from tests.house import ROOT

RULES = Rulebook().rules


def test_every_rule_has_a_page_and_stands_in_the_list() -> None:
    paths = dict(page.pages(RULES.values()))
    assert set(paths) == {"docs/rules/README.md", *(f"docs/rules/{n}.md" for n in RULES)}
    listed = paths["docs/rules/README.md"]()
    assert all(f"[{name}]({name}.md)" in listed for name in RULES)


def test_the_pages_are_fresh_and_none_is_left_over() -> None:
    paths = dict(page.pages(RULES.values()))
    for path, text in paths.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text(), f"{path}: run `make docs`"
    there = {f"{page.FOLDER}/{p.name}" for p in (ROOT / page.FOLDER).iterdir()}
    assert there - {f"{page.FOLDER}/scenarios.md"} == set(paths), "that one is made by playing them"


def test_a_page_says_what_why_and_what_to_do() -> None:
    text = page.page(RULES["clock_wrong"])
    for part in ("## When", "## Why", "## What to do", "**Priority**: 3", "when  = abs("):
        assert part in text
