import re
import string
from pathlib import Path

from dashboard.text import BROWSER, TEXTS, say

OUTSIDE = ("step_", "vintage_", "check_", "part_", "input_")  # the word is one of the API's answers
PACKAGE = Path(__file__).resolve().parents[3] / "dashboard"
SOURCES = "".join(
    p.read_text(encoding="utf-8")
    for p in PACKAGE.rglob("*.py")
    if p.name != "text.py" and p.parent.name != "words"
)
VOCABULARY = "".join(
    path.read_text(encoding="utf-8")
    for path in (
        *sorted((PACKAGE.parent / "vigie" / "catalogue").glob("*.py")),
        PACKAGE.parent / "vigie" / "shape.py",
        *sorted((PACKAGE.parent / "vigie" / "indicators").glob("*.py")),
        PACKAGE.parent / "vigie" / "network" / "places.py",
        PACKAGE.parent / "vigie" / "replies" / "kpis.py",
    )
)
SCRIPT = (PACKAGE / "assets" / "noc.js").read_text(encoding="utf-8")
BUILT = (  # keys put together from a word of a list that stands in the code
    "number_", "column_", "legend_", "state_", "source_", "quality_", "period_", "priority_",
    "strip_", "key_", "js_", "severity_", "fact_", "step_", "kind_", "cooling_", "trait_",
    "vintage_", "check_", "scope_", "pick_", "outcome_", "part_",
    "input_", "line_",
)  # fmt: skip


def fields(text: str) -> set[str]:
    """Names that a text has filled in."""
    chosen = set(re.findall(r"\{(\w+)\|", text))
    plain = re.sub(r"\{\w+\|[^}]*\}", "", text)
    return chosen | {name for _, name, _, _ in string.Formatter().parse(plain) if name}


def test_both_languages_say_everything_with_the_same_fields() -> None:
    for key, said in TEXTS.items():
        assert said.fr.strip(), key
        assert said.en.strip(), key
        assert fields(said.fr) == fields(said.en), key


def test_every_text_is_used() -> None:
    plain = [key for key in TEXTS if not key.startswith(BUILT)]
    assert [key for key in plain if f'"{key}"' not in SOURCES] == []


def test_every_text_whose_key_is_built_is_used() -> None:
    built = [key for key in TEXTS if key.startswith(BUILT) and not key.startswith("js_")]
    unused = []
    for key in built:
        word = key.removeprefix(next(p for p in BUILT if key.startswith(p)))
        if key.startswith(OUTSIDE):
            continue
        declared = f"    {word}: " in VOCABULARY  # a field of what the network declares
        if not declared and not any(f'"{one}"' in SOURCES + VOCABULARY for one in (word, key)):
            unused.append(key)
    assert [key for key in unused if key[-1] not in "123"] == []


def test_the_browser_is_given_exactly_the_words_it_says() -> None:
    assert set(re.findall(r'say\("(\w+)"', SCRIPT)) == set(BROWSER)


def test_a_count_takes_its_singular_as_each_language_does() -> None:
    assert say("sites", "fr", count=0) == "0 site"
    assert say("sites", "en", count=0) == "0 sites"
    assert say("sites", "en", count=1) == "1 site"
    assert say("sites", "fr", count=1200) == "1\u202f200 sites"


def test_what_comes_from_outside_is_not_read_as_a_pattern() -> None:
    assert say("oldest", "fr", time="{count} {0}") == "plus ancienne : {count} {0}"
