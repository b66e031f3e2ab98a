from alerts.explain import bracketed, conditions
from alerts.language.parse import parse
from alerts.load import parse as rules
from alerts.rulebook import Rulebook
from tests.unit.alerts.test_forecast import LIMITED
from tests.unit.alerts.test_load import RULE

RULES = Rulebook().rules


def test_brackets_show_what_binds_what() -> None:
    assert bracketed(parse("a or b and not c < 5min")) == "(a or (b and (not (c < 300 s))))"


def test_a_rule_is_said_in_words() -> None:
    (rule,) = rules(RULE, "x")
    fires, resolves, blind = conditions(rule)
    assert fires == (
        "Fires when available_bytes / size_bytes is below 10 % for 5m, "
        "for every row of `filesystem`."
    )
    assert resolves.startswith("Resolves when available_bytes / size_bytes is above 15 %, for 1m;")
    assert "a row older than 1m" in blind


def test_and_meets_or_in_brackets() -> None:
    text = RULE.replace("size_bytes < 10%", "size_bytes < 10% or read_only and age > 2h")
    (rule,) = rules(text, "x")
    assert "is below 10 % or (read_only and the row's age is above 2 h)" in next(conditions(rule))


def test_a_rule_on_age_says_nothing_of_old_rows_and_one_that_mutes_says_so() -> None:
    told = " ".join(conditions(RULES["agent_silent"]))
    assert "older than" not in told
    assert "other alerts of the same container and host notify nobody" in told


def test_a_rule_on_events_says_when_it_is_too_late() -> None:
    told = " ".join(conditions(RULES["data_damaged"]))
    assert "more than 10m after it happened goes into the history" in told
    assert "Resolves by itself 7d after the last one." in told


def test_what_looks_back_around_and_ahead_is_said_in_words() -> None:
    text = LIMITED.replace(
        '"available_bytes / size_bytes < 10%"',
        '"max_over(available_bytes, 10min) < few and available_bytes < median(available_bytes)"',
    ).replace("[rule.limit]\n", '[rule.thresholds]\nfew = "2GB"\n\n[rule.limit]\nfalling = true\n')
    (rule,) = rules(text, "x")
    told = list(conditions(rule))
    assert told[0].startswith(
        "Fires when the greatest available_bytes of 10 min is below few and "
        "available_bytes is below the container's median of available_bytes, at once"
    )
    assert "Here `few` is 2 GB; the network file may set it otherwise for a place." in told
    assert (
        "Its alerts say in how long available_bytes / size_bytes falls to 0 % (full), if it goes "
        "on as in the last 10m. What is lost then is told too: jobs."
    ) in told
