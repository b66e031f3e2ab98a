import pytest

from collector.kpis.reasons import Reason


@pytest.mark.parametrize("reason", Reason)
def test_reasons_are_in_both_languages(reason: Reason) -> None:
    assert reason.text("fr", "x") != reason.text("en", "x")


@pytest.mark.parametrize("reason", Reason)
def test_both_languages_name_what_it_is_about_or_neither_does(reason: Reason) -> None:
    named = "s/container"
    assert (named in reason.text("fr", named)) == (named in reason.text("en", named))
