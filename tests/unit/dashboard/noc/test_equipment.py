"""What a container is equipped with, as the catalogue words it."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.noc import equipment
from dashboard.noc.shown import Number, Text
from dashboard.noc.view import View
from dashboard.questions import Asker
from tests.build.played import Api, Direct
from vigie.catalogue import Disk, Gpu, Pool, Power
from vigie.shape import Field

NOW = 1_790_000_000.0


@pytest.fixture
def api() -> Api:
    return Api(now=lambda: NOW)


def view(api: Api, language: str = "fr") -> View:
    return View(Asker(Direct(api), language, "local/this"), NOW, ZoneInfo("Europe/Paris"))


def cells(api: Api, kind: type[Any], language: str = "fr") -> dict[str, Any]:
    """The one row of a kind, by field; its name under "named"."""
    row = equipment.table(view(api, language), kind).rows[0]
    names = ["named", *(field.name for field in equipment.SHOWN[kind])]
    return dict(zip(names, row, strict=True))


def test_states_bits_and_flags_are_said_in_the_words_of_the_watch(api: Api) -> None:
    assert cells(api, Gpu)["recovery_action"] == Text("réinitialiser le GPU")
    assert cells(api, Gpu, "en")["recovery_action"] == Text("reset the GPU")
    assert cells(api, Gpu)["throttle_reasons"] == Text("limite de puissance")
    assert cells(api, Disk)["health_reason"] == Text("erreurs relevées")
    assert cells(api, Power)["on_battery"] == Text("non")


def test_a_number_carries_its_unit_and_when_it_was_read(api: Api) -> None:
    power = cells(api, Gpu)["power_watts"]
    assert isinstance(power, Number)
    assert (power.text, power.unit, power.at) == ("632", "W", NOW)


def test_what_is_not_said_is_unknown(api: Api) -> None:
    margin = cells(api, Gpu)["temperature_margin_celsius"]
    assert (margin.text, margin.note) == (None, "la machine ne le dit pas")


def test_a_row_is_named_by_its_own_keys_and_then_its_host(api: Api) -> None:
    assert cells(api, Power)["named"] == Text("nut:ups1", sub="ups · gauge · this", mono=True)


def test_what_is_not_there_has_no_row(api: Api) -> None:
    assert equipment.table(view(api), Pool).rows == []


@pytest.mark.parametrize(
    "field", [f for fields in equipment.SHOWN.values() for f in fields], ids=lambda f: f.full_name
)
def test_every_field_that_is_shown_belongs_to_its_table(field: Field) -> None:
    kinds = [kind for kind, fields in equipment.SHOWN.items() if field in fields]
    assert [kind.name for kind in kinds] == [field.measurement]
