import pytest

from alerts.load import parse
from vigie.errors import SettingsError

RULE = """\
[[rule]]
name = "filling"
measurement = "filesystem"
priority = 2
when = "available_bytes / size_bytes < 10%"
clear = "available_bytes / size_bytes > 15%"
for = "5min"
title = { fr = "{mount} plein", en = "{mount} full" }
advice = { fr = "Libérez", en = "Free some" }
why = "Because."
do = "Delete."

[[rule.test]]
says = "it waits"
steps = [
    { at = "0s", given = { size_bytes = 100, available_bytes = 5 }, expect = "pending" },
    { at = "5min", expect = "blind" },
    { at = "6min", given = { size_bytes = 100, available_bytes = 5 } },
    { at = "12min", given = { size_bytes = 100, available_bytes = 5 }, expect = "firing" },
]
"""
EVENT = RULE.replace('measurement = "filesystem"', 'event = "gap"')


def test_a_rule_is_read() -> None:
    (rule,) = parse(RULE, "own.toml")
    assert (rule.name, rule.priority, rule.hold, rule.settle) == ("filling", 2, 300.0, 60.0)
    assert rule.keys == ("host", "mount")
    assert rule.origin == "own.toml:1"
    assert rule.title.said("fr") == "{mount} plein"
    assert rule.trials[0].steps[0].given == {"size_bytes": 100, "available_bytes": 5}


def test_a_fault_in_an_expression_is_pointed_at() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(
            RULE.replace("available_bytes / size_bytes < 10%", "availble_bytes < 10%"), "own.toml"
        )
    assert str(caught.value) == (
        "own.toml:5:9: filling: when: no field availble_bytes in filesystem; "
        "did you mean available_bytes?\n"
        '  5 | when = "availble_bytes < 10%"\n'
        "    |         ^^^^^^^^^^^^^^"
    )


def test_a_fault_on_a_later_line_of_an_expression_is_pointed_at_there() -> None:
    text = RULE.replace(
        '"available_bytes / size_bytes < 10%"', "'''\navailable_bytes < 5\nand sze_bytes > 1'''"
    )
    with pytest.raises(SettingsError) as caught:
        parse(text, "own.toml")
    assert "own.toml:7:5: filling: when: no field sze_bytes" in str(caught.value)
    assert "  7 | and sze_bytes > 1'''\n    |     ^^^^^^^^^" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('for = "5min"', 'fro = "5min"', "own.toml:7: rule[1].fro: no such setting; did you"),
        ('for = "5min"', 'for = "5 moments"', "own.toml:7: rule[1].for: a duration like"),
        ("filesystem", "filesytem", "no measurement filesytem; did you mean filesystem?"),
        ("priority = 2", "priority = 4", "own.toml:4: rule[1].priority: 4 is not one of the words"),
        ('"{mount} full"', '"{mont} full"', "nothing to put for {mont}; did you mean mount?"),
        ('name = "filling"', 'name = "Filling!"', "lower-case letters, digits and _"),
        ('why = "Because."\n', "", "why is missing"),
        ('when = "available_bytes / size_bytes < 10%"\n', "", "when is missing"),
        ('expect = "pending"', 'expect = "waiting"', "'waiting' is not one of the words"),
        ("size_bytes = 100", "sze_bytes = 100", "no field sze_bytes; did you mean size_bytes?"),
        ('for = "5min"', 'mutes = "hots"', "no key hots; did you mean host?"),
        ('for = "5min"', 'where = { mont = "/" }', "no key mont; did you mean mount?"),
        ('for = "5min"', "where = { mount = 5 }", "a text or an array of texts is wanted"),
        ('for = "5min"', 'event = "gap"', "either a measurement or an event is wanted"),
    ],
)  # fmt: skip
def test_every_fault_says_where_and_what_to_do(old: str, new: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(RULE.replace(old, new, 1), "own.toml")
    assert fault in str(caught.value)


def test_all_faults_come_together() -> None:
    text = RULE.replace("size_bytes < 10%", "sze_bytes < 10%").replace("size_bytes >", "size >")
    with pytest.raises(SettingsError) as caught:
        parse(text, "own.toml")
    assert "filling: when:" in str(caught.value)
    assert "filling: clear:" in str(caught.value)


def test_two_rules_cannot_share_a_name() -> None:
    with pytest.raises(SettingsError, match="two rules are named filling"):
        parse(RULE + RULE, "own.toml")


def test_an_event_has_no_condition_and_knows_its_codes() -> None:
    with pytest.raises(SettingsError, match="a rule on an event has none; use where"):
        parse(EVENT, "own.toml")
    with pytest.raises(SettingsError, match="no event gapp; did you mean gap"):
        parse(EVENT.replace('"gap"', '"gapp"'), "own.toml")
