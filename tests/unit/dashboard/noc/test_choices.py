from zoneinfo import ZoneInfo

from dashboard.noc import choices
from dashboard.noc.chosen import Chosen
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import Api, Direct, container

FLEET = [
    container("cannes/c1", site_name="Cannes"),
    container("campus/h1", site_name="Campus", simulated=True, scale=0.01),
    container("campus/h2", site_name="Campus", simulated=True, scale=0.01),
]


def view(scope: str = "", **chosen: str) -> View:
    picked = Chosen(tuple((name, (value,)) for name, value in chosen.items()))
    return View(Asker(Direct(Api()), "fr", scope), 0.0, ZoneInfo("Europe/Paris"), chosen=picked)


def test_the_scopes_are_all_then_each_site_with_its_containers_stamped() -> None:
    found = choices.scopes(view(), FLEET)
    assert [(o.value, o.group) for o in found] == [
        ("", ""), ("cannes", "Cannes"), ("cannes/c1", "Cannes"), ("campus", "Campus"),
        ("campus/h1", "Campus"), ("campus/h2", "Campus"),
    ]  # fmt: skip
    assert found[0].label == "Tout le réseau"
    assert found[3].label == "Campus : tout le site · SIMULÉ · échelle 1/100"


def test_a_perimeter_or_another_scope_of_the_address_can_be_chosen_too() -> None:
    asked = view(scope="perimeter:cannes")
    found = choices.scopes(View(asked.ask, 0.0, asked.zone, chosen=Chosen(
        (("scope", ("perimeter:cannes",)),)
    )), FLEET)  # fmt: skip
    assert found[-1].value == "perimeter:cannes"
    assert found[0].label == "Tout ce qui est à vous"


def test_by_default_it_is_the_day_so_far_of_all_that_the_person_may_see() -> None:
    assert choices.period(view()) == "day"
    assert choices.period(view(period="century")) == "day"
    assert choices.period(view(period="last_month")) == "last_month"
    assert choices.scope(view(scope="cannes")) == "cannes"


def test_a_scope_that_is_all_simulated_is_stamped_as_a_whole() -> None:
    campus = View(Asker(Direct(Api()), "fr"), 0.0, ZoneInfo("Europe/Paris"),
                  chosen=Chosen((("scope", ("campus",)),)))  # fmt: skip
    assert choices.stamp(campus, FLEET) == "SIMULÉ · échelle 1/100"
    assert choices.stamp(view(), FLEET) == ""
    assert choices.stamp(view(), []) == ""
