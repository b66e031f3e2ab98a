"""Asking a BMC: what must be there, and what its refusals mean."""

import stat
from pathlib import Path

import pytest

from agent.ipmi.bmc import GRANT, Bmc, refusal
from agent.tool import Done
from vigie.errors import Absent, SourceFailed

DCMI = "    DCMI request failed because: "


def program(tmp_path: Path, script: str = "exit 0") -> str:
    path = tmp_path / "ipmitool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_machine_without_the_device_has_no_bmc(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="modprobe"):
        Bmc(limit_seconds=1, devices=[str(tmp_path / "ipmi0")]).open()


def test_without_ipmitool_the_bmc_cannot_be_asked(tmp_path: Path) -> None:
    device = tmp_path / "ipmi0"
    device.touch()
    with pytest.raises(Absent, match="sudo apt install ipmitool"):
        Bmc(limit_seconds=1, program="no-ipmitool", devices=[str(device)]).open()


def test_a_device_of_root_is_denied_with_the_command_that_grants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "ipmi0"
    device.touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SourceFailed, match="70-vigie-ipmi") as caught:
        Bmc(limit_seconds=1, devices=[str(device)]).open()
    assert caught.value.code == "denied"
    assert "ipmi.conf" in GRANT


def test_an_older_name_of_the_device_will_do(tmp_path: Path) -> None:
    (tmp_path / "0").touch()
    devices = [str(tmp_path / "ipmi0"), str(tmp_path / "0")]
    Bmc(limit_seconds=1, program=program(tmp_path), devices=devices).open()


def test_the_question_follows_the_options(tmp_path: Path) -> None:
    bmc = Bmc(limit_seconds=5, program=program(tmp_path, 'echo "$@"'), options=["-I", "lan"])
    bmc.open()
    assert bmc.ask("sdr", "list").out == b"-I lan sdr list\n"


@pytest.mark.parametrize(
    ("complaints", "code", "words"),
    [
        (f"Get HPM.x Capabilities request failed, compcode = c0\n\n{DCMI}Node busy (c0)",
         "busy", "Node busy"),
        (f"{DCMI}Insufficient privilege level (d4)", "denied", "Insufficient privilege level"),
        (f"{DCMI}Timeout (c3)", "timeout", "Timeout"),
        ("Error obtaining SDR info: SDR Repository in update mode\nUnable to open SDR for reading",
         "busy", "update mode"),
        ("    Unable to get DCMI information", "bmc", "Unable to get DCMI information"),
        ("", "bmc", "exit status 1"),
    ],
)  # fmt: skip
def test_a_refusal_is_a_failure_that_repeats_it(complaints: str, code: str, words: str) -> None:
    error = refusal(Done(1, b"\n", complaints.strip().partition("\n")[0], complaints), "its power")
    assert isinstance(error, SourceFailed)
    assert error.code == code
    assert words in str(error)
    assert "its power" in str(error)


@pytest.mark.parametrize(
    "done",
    [
        Done(1, b"\n", "", f"{DCMI}Invalid command (c1)"),
        Done(1, b"\n    A valid DCMI command was not returned! (0)", "", ""),
    ],
)
def test_what_a_bmc_does_not_know_is_absent(done: Done) -> None:
    assert isinstance(refusal(done, "its power"), Absent)
