"""The yearly report: every field told or with its reason, and never a simulated row."""

from dataclasses import replace

import numpy as np
import pytest

from collector.kpis.facts import Facts, Line, Plant
from collector.reports.eed import MAKERS, record
from collector.reports.entry import Entry, fields
from collector.reports.forms import FORMS, added
from tests.build.kpis import HOURS, facts, hourly, network, plant
from vigie.errors import Refused
from vigie.network.contracts import EnergyContract
from vigie.network.places import Capacity, Contact, Registration, Site

KWH = 3.6e6
REGISTERED = Registration(
    lau="06029", siret="12345678901234", type="co-hosting", structure="structure",
    started="2025-03", floor_square_meters=60.0, redundancy_rack="2N", refrigerants=(),
    battery_offered_watts=50_000.0,
)  # fmt: skip
SITE = Site(
    "s", "Salle", "o", zone="FR", owner="o", registration=REGISTERED,
    contacts=(Contact("duty", "NOC", "noc@example.org"),),
)  # fmt: skip


def standing() -> Plant:
    one = plant("s/c1", energy={"site": 60 * KWH, "ups": 40 * KWH, "generator": KWH})
    container = replace(
        one.container, capacity=Capacity(power_watts=100e3, storage_bytes=2 * 10**15)
    )
    return replace(
        one,
        site=SITE,
        container=container,
        water={"withdrawn": hourly(0.1), "potable": hourly(0.05)},
        heat={"reused": hourly(6 * KWH)},
        lines=(Line("wan", "FR", 5e17, 1e18, 1.25e9),),
    )


def of(given: Facts) -> dict[str, Entry]:
    return record(given, SITE)


def test_every_field_of_the_regulation_has_a_maker_and_says_something_or_why_not() -> None:
    told = of(facts(standing()))
    assert list(told) == [field.code for field in fields()]
    assert set(MAKERS) == set(told)
    assert len(told) == 39
    for code, entry in told.items():
        if entry.value is None:
            assert entry.reason is not None, code
            assert all(entry.reason), code
        else:
            assert entry.source, code


def test_meters_are_told_in_the_units_of_the_regulation() -> None:
    told = of(facts(standing()))
    expected = {
        "E_DC": 24 * 61.0, "E_DC_BG": 24.0, "E_IT": 24 * 40.0, "W_IN": 2.4, "W_IN_POT": 1.2,
        "E_REUSE": 24 * 6.0, "PUE": 61 / 40, "WUE": 0.1 / 0.040, "ERF": 6 / 61, "PD_IT": 100.0,
        "C_STOR": 2.0, "B_IN": 1.25, "TR_OUT": 0.5, "TR_IN": 1.0, "C_BTG": 50.0,
    }  # fmt: skip
    assert {code: told[code].value for code in expected} == pytest.approx(expected)


def test_what_is_declared_is_taken_over_and_what_is_not_says_where_to_write_it() -> None:
    told = of(facts(standing()))
    assert told["DC_LAU"].value == "06029"
    assert told["DC_TYPE"].value == "co-hosting, structure"
    assert told["REFRIG"].value == "none"
    assert told["DC_OWNER_OPERATOR"].value == "owner: O; operator: O; duty: NOC noc@example.org"
    reason = told["RED_EL_HV"].reason
    assert reason is not None
    assert "registration.redundancy_high_voltage" in reason[1]


def test_a_contract_without_retired_certificates_counts_as_nothing_and_is_named() -> None:
    bought = [
        EnergyContract("ppa-1", ("s",), "ppa", technology="wind", share=0.3, certificates=("G1",),
                       retired=True),
        EnergyContract("goo-1", ("s",), "guarantees", technology="hydro", share=0.5),
    ]  # fmt: skip
    one = standing()
    told = of(facts(one, network=network(one, energy=tuple(bought))))
    assert told["E_RES_PPA"].value == pytest.approx(24 * 60 * 0.3)
    assert told["E_RES_GOO"].value == 0
    assert "goo-1" in told["E_RES_GOO"].note
    assert told["E_RES_OS"].value == 0
    assert told["E_RES_TOT"].value == pytest.approx(24 * 60 * 0.3)


def test_a_simulated_place_is_refused_whoever_says_that_it_is() -> None:
    with pytest.raises(Refused, match="simulated"):
        of(facts(replace(standing(), simulated=True)))
    with pytest.raises(Refused, match="simulated"):
        record(facts(standing()), replace(SITE, simulated=True))
    with pytest.raises(Refused, match="nothing to report"):
        of(facts())


def test_no_form_claims_words_that_nobody_has_read() -> None:
    assert [form.name for form in FORMS.values() if form.verified] == ["eu"]
    verified = {field.code: sure for field, sure in FORMS["de"].lines()}
    assert verified["PUE_ENEFG"]
    assert not verified["E_DC"]


def test_the_german_pue_leaves_out_what_only_upgrades_waste_heat() -> None:
    one = standing()
    energy = {**one.energy, "heat_pump": hourly(5 * KWH)}
    entry = added("PUE_ENEFG", facts(replace(one, energy=energy)), SITE)
    assert entry.value == pytest.approx((60 - 5) / 40)
    assert added("PUE_ENEFG", facts(one), SITE).value is None
    assert added("SIRET", facts(one), SITE).value == "12345678901234"


def test_hours_that_nobody_measured_lower_the_coverage_and_are_not_filled() -> None:
    half = np.full(HOURS, 60 * KWH)
    half[12:] = np.nan
    one = standing()
    energy = {**one.energy, "site": hourly(half)}
    told = of(facts(replace(one, energy=energy)))
    assert told["E_DC"].value == pytest.approx(12 * 61.0)
    assert told["E_DC"].coverage == pytest.approx(0.5)
