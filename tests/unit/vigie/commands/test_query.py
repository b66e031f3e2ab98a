import argparse
import re
import shlex

from tests.house import ROOT
from vigie import catalogue
from vigie.catalogue import Gpu, Source
from vigie.commands import query
from vigie.commands.query import margin_rows, worded
from vigie.replies import Cell, Margin, Margins


def test_states_bits_quality_and_suspects_are_words() -> None:
    shown = worded(Source, {"status": [0, 3, None], "quality": [0, 2, 0], "suspect": [0, 8, 0]})
    assert shown["status"] == ["ok", "stuck", None]
    assert shown["quality"] == ["measured", "estimated", "measured"]
    assert shown["suspect"] == ["", "duration_seconds", ""]
    assert worded(Gpu, {"throttle_reasons": [0, 5]})["throttle_reasons"] == ["", "idle power_cap"]


def test_what_the_catalogue_has_no_word_for_stays_as_it_is() -> None:
    columns: dict[str, list[Cell]] = {"status": [99], "age_seconds": [1.5], "time": ["2026"]}
    assert worded(Source, columns) == columns


def test_margins_are_listed_from_the_worst_and_say_what_is_lost() -> None:
    found = Margins("pool", "3-of-5", 10, [Margin(2, 9), Margin(-1, 1)], None)
    rows = list(margin_rows([found]))
    assert [(row["margin"], row["objects"], row["share"]) for row in rows] == [
        ("-1 LOST", 1, "10.0000%"), ("2", 9, "90.0000%"),
    ]  # fmt: skip


def test_every_example_says_what_the_verb_understands() -> None:
    texts = (query.EXAMPLES, (ROOT / "docs/questions.md").read_text(encoding="utf-8"))
    lines = [
        line for text in texts for line in re.findall(r"^ *vigie query (.+)$", text, re.MULTILINE)
    ]
    parser = argparse.ArgumentParser()
    query.add(parser)
    seen = set()
    for line in lines:
        if line.startswith("sql"):
            continue
        asked = parser.parse_args(shlex.split(line))
        seen.add(asked.act)
        declared = catalogue.measurement(asked.measurement) if asked.measurement else None
        assert asked.measurement is None or declared is not None, line
        names = {f.name for f in declared.values} if declared else set()
        assert set((asked.fields or "").split(",")) - {""} <= names, line
    assert seen == set(query.ACTS) - {"sql"}
