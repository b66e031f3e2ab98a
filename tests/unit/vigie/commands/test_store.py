"""What `vigie store` prints, and how it ends, against a server that answers as collectors do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build.answers import Answers, answering
from vigie.__main__ import main
from vigie.commands.store import export, status, tasks
from vigie.commands.store.progress import amount
from vigie.replies import DaysLeft, ExportAbout, ExportColumn

STATUS = {
    "as_of": "2026-03-01T12:00:00.000Z", "directory": "/srv/vigie/collector",
    "tables": [{
        "name": "power_1h", "tier": "hour", "rows": 1200, "files": 3, "bytes": 48_000,
        "bytes_per_value": 1.318, "oldest": "2026-01-01T00:00:00.000Z",
        "newest": "2026-03-01T11:00:00.000Z", "kept_seconds": 315_619_200.0, "recorded": True,
        "held_rows": 7, "tail_rows": 0,
    }],
    "journal_bytes": 1_000_000, "tail_bytes": 20, "state_bytes": 4096,
    "reserve_bytes": 1_000_000_000, "disk_bytes": 2 * 10**12, "disk_free_bytes": 1.5 * 10**12,
    "days_left": {"state": "fills", "days": 90.4, "earliest": 61.2, "latest": None, "reason": ""},
    "holds": 1, "last": {"flush": "2026-03-01T11:59:00.000Z", "expire": None},
}  # fmt: skip
TASK: dict[str, Any] = {
    "id": "t1", "kind": "verify", "state": "running", "started": "s", "ended": None,
    "done_bytes": 0, "total_bytes": 10, "detail": "", "findings": [], "files": 0,
    "copied_files": 0, "copied_bytes": 0,
}  # fmt: skip
HOLD: dict[str, Any] = {
    "id": "hold-1", "scope": "", "paths": [""], "from_time": "2026-03-01T00:00:00.000Z",
    "to_time": None, "reason": "case 12", "owner": "counsel", "state": "active",
    "acts": [{"act": "placed", "time": "2026-03-02T00:00:00.000Z", "person": "p1", "key": "k",
              "note": ""}],
}  # fmt: skip


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_TOKEN", "t")
    monkeypatch.setattr(tasks, "LOOK_SECONDS", 0.0)
    with answering() as answers:
        monkeypatch.setenv("VIGIE_URL", answers.url)
        yield answers


def give(collector: Answers, *answers: object) -> None:
    """Answer these, in order."""
    for answer in answers:
        collector.then(200, answer)


def test_status_shows_every_table_and_how_long_the_disk_will_do(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    give(collector, STATUS)
    assert main(["store", "status"]) == 0
    text = capsys.readouterr().out
    assert "power_1h  1200" in text
    assert "3653d, 10 years for the record" in text
    assert "48.0 kB" in text
    assert "1.50 TB free of 2.00 TB; nothing is taken below 1.00 GB" in text
    assert "90 (between 61 and ten years and more, by the last days)" in text
    assert "flush 2026-03-01T11:59:00Z · expire –" in text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (DaysLeft("unknown", None, None, None, "2 whole days of data"),
         "unknown: 2 whole days of data"),
        (DaysLeft("fits", None, None, None, ""), "not within ten years"),
        (DaysLeft("fits", None, 40.0, None, ""),
         "not within ten years (between 40 and ten years and more, by the last days)"),
        (DaysLeft("fills", 0.0, 0.0, 0.0, ""), "0"),
    ],
)  # fmt: skip
def test_days_left_in_words(told: DaysLeft, words: str) -> None:
    assert status.left(told) == words


def test_verify_waits_and_ends_with_1_where_something_is_damaged(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    give(collector, TASK, {**TASK, "done_bytes": 5}, {**TASK, "state": "done", "done_bytes": 10,
                   "detail": "9 files read, 1 damaged",
                   "findings": [{"place": "table gpu: x", "problem": "is broken"}]})  # fmt: skip
    assert main(["store", "verify"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "table gpu: x: is broken", "verify done: 9 files read, 1 damaged",
    ]  # fmt: skip
    assert "verify:  50 % of 10 B" in said.err
    assert [a.path for a in collector.asked] == [
        "/api/v1/store/tasks", "/api/v1/store/tasks/t1", "/api/v1/store/tasks/t1",
    ]  # fmt: skip


def test_backup_names_an_absolute_directory(
    collector: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = {**TASK, "kind": "backup", "state": "done", "detail": "there", "copied_files": 2,
            "copied_bytes": 3_000_000}  # fmt: skip
    give(collector, done)
    assert main(["store", "backup", "copy"]) == 0
    assert collector.asked[0].body == {"kind": "backup", "directory": str(tmp_path / "copy")}
    assert capsys.readouterr().out == "backup done: there; 2 files, 3.00 MB copied now\n"


def test_a_backup_that_failed_ends_with_1(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    give(collector, {**TASK, "kind": "backup", "state": "failed", "detail": "disk full"})
    assert main(["store", "backup", "copy", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["detail"] == "disk full"


def test_a_hold_is_placed_listed_and_lifted(
    collector: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    lifted = {**HOLD, "state": "lifted", "acts": [*HOLD["acts"], {**HOLD["acts"][0],
              "act": "lifted", "person": "p2", "note": "over"}]}  # fmt: skip
    give(collector, HOLD, {"as_of": "now", "holds": [HOLD]}, lifted)
    place = ["hold", "add", "", "--from", "2026-03-01T00:00Z", "--reason", "case 12"]
    assert main(["store", *place, "--owner", "counsel"]) == 0
    assert main(["store", "hold", "list"]) == 0
    assert main(["store", "hold", "lift", "hold-1", "--note", "over"]) == 0
    assert collector.asked[0].body == {
        "scope": "", "reason": "case 12", "owner": "counsel", "to_time": None,
        "from_time": "2026-03-01T00:00:00Z",
    }  # fmt: skip
    assert (collector.asked[2].path, collector.asked[2].body) == (
        "/api/v1/holds/hold-1/lift", {"note": "over"},
    )  # fmt: skip
    text = capsys.readouterr().out
    assert "everything" in text
    assert "2026-03-02T00:00:00Z by p1" in text
    assert "by p2: over" in text


def test_the_page_beside_an_export_names_units_and_what_is_simulated() -> None:
    about = ExportAbout(
        "2026-03-01T12:00:00Z", "power", None, "2026-03-01T00:00:00Z", "sables", 12, 0.25,
        ["sables/c1"], [ExportColumn("power_watts", "gauge", "W", "Active power.")],
    )  # fmt: skip
    text = export.readme([about], "csv")
    assert "power.csv" in text
    assert "the first row to 2026-03-01T00:00:00Z, scope sables; about 12 rows" in text
    assert "25.0% SIMULATED" in text
    assert "simulated: sables/c1" in text
    assert "power_watts  [W] Active power." in text


def test_an_export_never_writes_over_something(
    collector: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter").write_text("dear")
    assert main(["store", "export", "out"]) == 1
    assert "not an empty folder" in capsys.readouterr().err
    assert collector.asked == []


@pytest.mark.parametrize("act", ["status", "verify", "backup", "restore", "export", "hold"])
def test_every_act_has_help_with_examples(act: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["store", act, "--help"])
    assert ended.value.code == 0
    assert f"vigie store {act}" in capsys.readouterr().out.partition("examples:")[2]


def test_sizes_are_written_as_people_read_them() -> None:
    sizes = (0, 999, 1000, 12_345, 999_600, 1.5e12, 3e18)
    assert [amount(size) for size in sizes] == [
        "0 B", "999 B", "1.00 kB", "12.3 kB", "1.00 MB", "1.50 TB", "3000 PB",
    ]  # fmt: skip
