"""The units that we ship, as systemd sees them, and the agent within their bounds."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import bmc as made
from tests.build.units import DROP_INS, laid_out
from tests.build.upstream import Upstream
from tests.house import ROOT

pytestmark = pytest.mark.system
if shutil.which("systemd-analyze") is None:
    pytest.skip("systemd-analyze is not installed", allow_module_level=True)

WORST = 2.5
"""The exposure that no unit of ours may be above; 10 is none of systemd's protections."""
COMBINATIONS = {"alone": (), **{name: (name,) for name in DROP_INS}, "all": tuple(DROP_INS)}
POWER = """
import sys
from agent.ipmi.bmc import Bmc
from agent.sources.ipmi_power import IpmiPower
from vigie.catalogue import Power
source = IpmiPower(Bmc(limit_seconds=10, options=sys.argv[1:]))
source.open()
print(source.read(0).columns[Power.power_watts])
"""


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_exposure_is_low_with_every_grant(name: str, tmp_path: Path) -> None:
    unit = laid_out(tmp_path, COMBINATIONS[name])
    told = analyzed("security", "--offline=true", f"--threshold={WORST * 10:g}", str(unit))
    figure = float(told.stdout.strip().splitlines()[-1].split(": ")[1].split()[0])
    print(f"exposure of the unit, {name}: {figure}")
    assert figure <= WORST
    assert told.returncode == 0


@pytest.mark.parametrize("name", ["alone", "all"])
def test_systemd_has_nothing_to_say_against_the_unit(name: str, tmp_path: Path) -> None:
    unit = laid_out(tmp_path, COMBINATIONS[name], program=sys.executable)
    told = analyzed("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert (told.returncode, told.stderr.replace(str(tmp_path), "")) == (0, "")


def confined(state: Path, *command: str, drop_ins: tuple[str, ...] = ()) -> list[str]:
    """A command as the unit would run it."""
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("bounds like the unit's can be made by root alone")
    bounds = ",".join((str(state), *drop_ins))
    return [sys.executable, "-m", "tests.build.confined", bounds, *command]


@pytest.mark.parametrize("name", ["alone", "all"])
def test_the_agent_reads_and_sends_within_the_bounds_of_its_unit(name: str, tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    with Upstream() as upstream:
        credential = {"url": upstream.url, "token": "t", "container": "lyon/c1"}
        (tmp_path / "agent" / "credential").write_text(json.dumps(credential))
        command = confined(
            tmp_path, sys.executable, "-m", "vigie", "agent", "run", "--data", str(tmp_path),
            "--upstream", upstream.url, "--metrics-listen", "127.0.0.1:0",
            "--periods", "host=100ms,source=100ms,filesystem=100ms",
            drop_ins=COMBINATIONS[name],
        )  # fmt: skip
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            arrived = upstream.wait(lambda u: len(u.frames) > 5)
            process.terminate()
            _, log = process.communicate(timeout=60)
    assert arrived, log
    assert process.returncode == 0
    assert "not permitted" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize("name", ["alone", "all"])
def test_every_source_is_as_well_within_the_bounds_as_without(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vigie", "agent", "once", "--data", str(tmp_path)]
    within = statuses(confined(tmp_path, *command, drop_ins=COMBINATIONS[name]))
    assert within == statuses(command)
    assert within["filesystem"] == "ok"


def statuses(command: list[str]) -> dict[str, str]:
    """Status of each source, as `agent once` ends its page."""
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = (line.partition(": ") for line in told.stdout.splitlines() if ": " in line)
    return {name: status.split()[0] for name, _, status in lines if name.isidentifier()}


@pytest.mark.skipif(shutil.which("ipmitool") is None, reason="ipmitool is not installed")
def test_a_program_of_the_system_runs_within_the_bounds(tmp_path: Path) -> None:
    with made.Bmc(power=made.Power(312, 1, 488, 300, 30)) as bmc:
        command = confined(tmp_path, sys.executable, "-c", POWER, *bmc.options)
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.stdout == "[300.0]\n", told.stderr


def test_what_the_unit_does_not_allow_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    script = (
        f"touch {kept}; touch {ROOT}/left; mount -t tmpfs none /mnt; chown 1 {kept}; grep "
        "-E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status"
    )
    told = subprocess.run(
        confined(tmp_path, "/bin/sh", "-c", script), cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert kept.exists()
    assert not (ROOT / "left").exists()
    assert told.stdout.split() == [
        "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1",
    ]  # fmt: skip
    for complaint in ("Read-only file system", "/mnt: permission denied", "not permitted"):
        assert complaint in told.stderr
