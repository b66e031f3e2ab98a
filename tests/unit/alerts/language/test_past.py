import numpy as np
import pytest

from alerts.language.past import MOMENTS, Past, ends, least, line, mean, most

NAN = np.nan


def past(*values: float, every: float = 10.0) -> Past:
    """One row with these readings, the last of them now."""
    ages = np.arange(len(values) - 1, -1, -1.0) * every
    return Past(ages[:, np.newaxis], np.array(values, np.float64)[:, np.newaxis])


def test_ends_means_and_extremes_leave_out_what_is_unknown() -> None:
    found = past(NAN, 4, 8, NAN)
    first, last, covered = ends(found)
    assert (first[0], last[0], covered[0]) == (4, 8, 10)
    assert (mean(found)[0], least(found)[0], most(found)[0]) == (6, 4, 8)
    nothing = past(*[NAN] * MOMENTS)
    for said in (mean, least, most):
        assert np.isnan(said(nothing)).all()


def test_a_straight_course_is_found_at_any_height() -> None:
    value, slope = line(past(*(1e12 + 3 * t for t in range(0, 110, 10))))
    assert value[0] == pytest.approx(1e12 + 300, abs=1e-2)
    assert slope[0] == pytest.approx(3, rel=1e-6)
    assert np.isnan(line(past(1, 2))[1]).all(), "two readings make no course"
