"""Shares from percentages, and who else reads the counters."""

import math
from pathlib import Path

import pytest

from agent.gpu.gpm import ratio, rival
from tests.build import nvml


@pytest.mark.parametrize(("percent", "share"), [(0.0, 0.0), (42.5, 0.425), (100.0001, 1.0)])
def test_a_percentage_becomes_a_share(percent: float, share: float) -> None:
    assert ratio(percent) == pytest.approx(share)


@pytest.mark.parametrize("percent", [math.nan, math.inf, -1.0])
def test_what_is_no_percentage_is_unknown(percent: float) -> None:
    assert ratio(percent) is None


def test_a_program_is_a_rival_by_its_name(tmp_path: Path) -> None:
    assert rival(nvml.processes(tmp_path, {}, p1="systemd", p2="nv-hostengine-x")) is None
    assert rival(nvml.processes(tmp_path, {}, p1="systemd", p2="nv-hostengine")) == "nv-hostengine"
