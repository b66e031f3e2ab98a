"""What every screen of the operations dashboard keeps to, and the header and browser rely on."""

import json
from zoneinfo import ZoneInfo

import pytest

from dashboard.format import LANGUAGES
from dashboard.noc.screen import Screen
from dashboard.noc.screens import SCREENS
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.markup import components
from tests.build.played import Api, Direct

NOW = 1_795_340_820.0


def test_each_has_its_own_name_and_place_and_people_come_in_by_the_first() -> None:
    assert len({screen.name for screen in SCREENS}) == len(SCREENS)
    assert len({screen.path for screen in SCREENS}) == len(SCREENS)
    assert SCREENS[0].path == "/"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_the_browser_tells_by_the_path_whether_a_container_follows(screen: Screen) -> None:
    assert screen.path.startswith("/")
    assert screen.of_site is (len(screen.path) > 1 and screen.path.endswith("/"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_what_a_screen_places_it_fills(screen: Screen, language: str) -> None:
    view = View(
        Asker(Direct(Api()), language, "local/this" if screen.of_site else ""),
        NOW,
        ZoneInfo("Europe/Paris"),
    )
    content = json.loads(json.dumps(screen.content(view)))
    assert content["network"]
    assert content["data_at"]
    assert screen.title.label(language)
    placed = list(components(screen.layout(language)))
    assert placed
    for attribute, member in (
        ("data-number", "numbers"),
        ("data-text", "texts"),
        ("data-rows", "tables"),
    ):
        names = {value for c in placed if (value := getattr(c, attribute, None))}
        assert names <= set(content.get(member, ())), member
