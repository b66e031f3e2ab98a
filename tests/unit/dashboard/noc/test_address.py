import pytest

from dashboard.noc.address import exists, read


def test_the_address_bar_holds_all_state() -> None:
    at = read("/site/local/this", "?lang=en&period=12h", "fr")
    assert (at.site, at.language, at.period) == ("local/this", "en", "12h")
    assert at.page == "site:local/this:en"
    assert at.in_language("fr") == "/site/local/this?lang=fr&period=12h"


def test_what_makes_no_sense_is_left_at_its_default() -> None:
    at = read("/", "?lang=de&period=century", "fr")
    assert (at.site, at.language, at.period) == ("", "fr", "15min")
    assert read(None, None, "en").language == "en"


def test_a_screen_may_hold_a_chart_to_one_period() -> None:
    assert read("/site/a", "?period=1h", "fr").span("network").name == "1h"
    assert read("/", "?period=1h", "fr").span("power").name == "12h"


def test_a_site_with_an_accent_is_found() -> None:
    assert read("/site/%C3%AEle/c1", "", "fr").site == "île/c1"


@pytest.mark.parametrize(
    ("path", "stands"),
    [("/", True), ("/site/a", True), ("/site/", False), ("/admin", False), ("/_mcp", False)],
)
def test_only_our_screens_exist(path: str, stands: bool) -> None:
    assert exists(path) is stands
