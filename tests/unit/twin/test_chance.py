"""Chance that hangs on names and times alone."""

import numpy as np
import pytest

from twin.chance import Waves, generator, salt, uniform, uniforms, wave


def test_the_same_names_give_the_same_draws() -> None:
    assert generator(1, "a", 2).random() == generator(1, "a", 2).random()
    assert salt("a", "b") != salt("ab")


def test_numbers_of_a_stream_are_uniform_and_equal_one_by_one() -> None:
    drawn = uniforms(salt("x"), 20_000)
    assert drawn[:50].tolist() == [uniform(salt("x"), n) for n in range(50)]
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert np.corrcoef(drawn[:-1], drawn[1:])[0, 1] == pytest.approx(0, abs=0.03)


def test_noise_is_smooth_and_centred() -> None:
    told = np.array([wave(5, t, 100.0) for t in range(0, 200_000, 10)])
    assert abs(told.mean()) < 0.05
    assert 0.6 < told.std() < 1.1
    assert np.abs(np.diff(told)).max() < 0.6


def test_noise_of_many_does_not_hang_on_the_steps_before() -> None:
    often, once = Waves(3, 100, 60.0), Waves(3, 100, 60.0)
    for time in range(0, 1_000, 7):
        often.at(float(time))
    np.testing.assert_array_equal(often.at(1_234.5), once.at(1_234.5))
