import pytest

from vigie.commands.energy import in_kilowatt_hours, of
from vigie.errors import SettingsError


@pytest.mark.parametrize(
    ("measurement", "fields", "wanted"),
    [
        ("gpu", None, ("energy_joules_total", "increase")),
        ("gpu", "power_watts", ("power_watts", "integral")),
        ("power", None, ("energy_joules_total", "increase")),
    ],
)
def test_a_counter_of_joules_is_taken_before_power(
    measurement: str, fields: str | None, wanted: tuple[str, str]
) -> None:
    assert of(measurement, fields) == wanted


@pytest.mark.parametrize(
    ("measurement", "fields"), [("filesystem", None), ("gpu", "temperature_celsius"), ("x", None)]
)
def test_what_is_no_energy_is_refused(measurement: str, fields: str | None) -> None:
    with pytest.raises(SettingsError):
        of(measurement, fields)


def test_joules_are_told_in_kilowatt_hours_and_the_unknown_stays_unknown() -> None:
    shown = in_kilowatt_hours({"site": ["a", "b"], "e": [7.2e6, None]}, "e")
    assert shown == {"site": ["a", "b"], "joules": [7.2e6, None], "kilowatt_hours": [2.0, None]}
