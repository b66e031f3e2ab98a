"""GPUs: from load to power, heat, and what their drivers say."""

import numpy as np
import pytest

from twin.hall.boards import BOARDS, USUAL, board
from twin.hall.gpus import Gpus
from vigie.catalogue import Gpu
from vigie.frame import column_type


def played(load: float, *, coolant: float = 25.0, cap: float = 1.0, count: int = 400) -> Gpus:
    gpus = Gpus(1, "a/b", count, USUAL, USUAL.limit_watts)
    for n in range(60):
        gpus.step(n * 10.0, 10.0, np.full(count, load), coolant, cap)
    return gpus


def test_power_lies_between_rest_and_limit() -> None:
    rest, full = played(0.0).power, played(1.0).power
    assert rest.mean() == pytest.approx(USUAL.idle_watts, rel=0.02)
    assert (full <= USUAL.limit_watts).all()
    assert full.mean() > 0.93 * USUAL.limit_watts


def test_the_counter_of_energy_is_exact_and_the_gauge_is_not() -> None:
    gpus = played(0.7)
    before, joules = gpus.energy, np.zeros(gpus.count)
    shown = []
    for n in range(60, 120):
        gpus.step(n * 10.0, 10.0, np.full(gpus.count, 0.7), 25.0, 1.0)
        joules += gpus.power * 10
        shown.append(gpus.columns(n)[Gpu.power_watts])
    assert gpus.energy - before == pytest.approx(joules)
    off = np.mean(shown, axis=0) * 600 / joules - 1
    assert 0.01 < off.std() < 0.05
    assert abs(off.mean()) < 0.005


def test_a_hot_coolant_slows_them_down() -> None:
    cool, hot = played(1.0), played(1.0, coolant=75.0)
    assert hot.power.mean() < 0.85 * cool.power.mean()
    columns = hot.columns(1)
    assert columns[Gpu.throttle_thermal_seconds_total].max() > 0
    bit = 1 << Gpu.throttle_reasons.codes.index("software_thermal")
    assert (columns[Gpu.throttle_reasons].astype(int) & bit).any()
    assert cool.columns(1)[Gpu.throttle_thermal_seconds_total].max() == 0


def test_a_cap_holds_and_is_said() -> None:
    capped = played(0.9, cap=0.5)
    assert capped.power.max() < 0.62 * USUAL.limit_watts
    assert capped.columns(1)[Gpu.throttle_power_seconds_total].min() > 0


def test_every_field_of_such_a_board_is_told_but_its_module() -> None:
    told = set(played(0.5, count=8).columns(3)) | {Gpu.host, Gpu.gpu}
    assert set(Gpu.fields) - told == {Gpu.module_power_watts}


def test_a_gpu_that_does_not_answer_has_nothing_but_that() -> None:
    gpus = played(0.8, count=8)
    gpus.lose(np.array([3]))
    gpus.step(1_000.0, 10.0, np.full(8, 0.8), 25.0, 1.0)
    columns = gpus.columns(5)
    assert columns[Gpu.up].tolist() == [True] * 3 + [False] + [True] * 4
    for field, cells in columns.items():
        if field is not Gpu.up:
            assert np.isnan(cells[3]), field.full_name
            assert not np.isnan(cells[[0, 7]]).any(), field.full_name
    assert gpus.power[3] == 0


def test_whole_numbers_are_whole_and_counters_never_fall() -> None:
    gpus = played(0.6, count=50)
    first = gpus.columns(1)
    gpus.step(700.0, 10.0, np.full(50, 0.6), 25.0, 1.0)
    for field, cells in gpus.columns(2).items():
        if column_type(field) == "int64":
            assert (cells == np.round(cells)).all(), field.full_name
        if field.kind == "counter":
            assert (cells >= first[field]).all(), field.full_name


@pytest.mark.parametrize(
    ("name", "known"),
    [("NVIDIA B200 180GB", "B200"), ("H100 SXM", "H100"), ("RTX A4500", "RTX"), ("", "H100")],
)
def test_a_board_is_known_by_its_name(name: str, known: str) -> None:
    assert board(name).name == known


def test_boards_are_sound() -> None:
    for one in BOARDS:
        assert 0 < one.idle_watts < 0.2 * one.limit_watts + 30
        assert 25 + one.kelvin_per_watt * one.limit_watts < 80, one.name
