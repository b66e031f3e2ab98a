"""The verbs of `vigie agent`."""

import argparse
import json
import re
from pathlib import Path

import pytest

from agent import cli


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)


def vigie_agent(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add(parser)
    return cli.run(parser.parse_args(words))


def test_once_reads_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert vigie_agent("once") == 0
    out = capsys.readouterr().out
    assert "vigie_host_cpu_count" in out
    assert re.search(r"^vigie_host_cpu_busy_ratio +unknown$", out, re.MULTILINE)
    assert "host: ok" in out


def test_once_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert vigie_agent("once", "--json", "--off", "disk_io") == 0
    told = json.loads(capsys.readouterr().out)
    assert {s["source"]: s["status"] for s in told["sources"]}["disk_io"] == "off"
    host = next(r for r in told["readings"] if r["source"] == "host")
    assert host["columns"]["cpu_count"][0] >= 1
    assert host["columns"]["cpu_busy_ratio"] == [None]


def test_sources_lists_what_each_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert vigie_agent("sources", "--periods", "filesystem=1m") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["host", "filesystem", "disk_io"]
    assert "60 s" in lines[2]
    assert all(len(line) < 120 for line in lines[:4])
    assert re.search(r"/proc/stat, .* and \d+ more$", lines[1])


def test_doctor_says_what_is_wrong_and_how_to_mend_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("doctor", "--data", str(tmp_path), "--upstream", "http://127.0.0.1:9")
    assert vigie_agent(*asked) == 1
    out = capsys.readouterr().out
    assert re.search(r"unreachable .*\n    mend: check that the collector runs", out)
    assert vigie_agent(*asked, "--json") == 1
    told = {f["subject"]: f["fine"] for f in json.loads(capsys.readouterr().out)}
    assert told["host"] is True
    assert told["upstream http://127.0.0.1:9"] is False


def test_the_contract_is_a_page_to_sign(capsys: pytest.CaptureFixture[str]) -> None:
    assert vigie_agent("doctor", "--contract") == 0
    assert "Signed for the partner" in capsys.readouterr().out
    assert vigie_agent("doctor", "--contract", "--json") == 0
    assert json.loads(capsys.readouterr().out)["upstreams"] == ["http://127.0.0.1:8051"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sources", "--periods", "hots=1s"), "no source 'hots'"),
        (("sources", "--spool-bytes", "lots"), "spool_bytes"),
    ],
)
def test_wrong_settings_are_named(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vigie_agent(*words) == 2
    assert says in capsys.readouterr().err


def test_the_settings_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert vigie_agent("run", "--print-config") == 0
    assert "spool_bytes" in capsys.readouterr().out
