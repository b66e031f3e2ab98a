"""What each kind of disk says, and what becomes of answers that are none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.disks import smartctl
from agent.disks.smartctl import Answer
from agent.source import Found, fault
from tests.house import ROOT
from vigie.catalogue import Disk
from vigie.shape import Value

FIXTURES = ROOT / "tests/fixtures/smart"


def told(name: str) -> Answer:
    text = (FIXTURES / name).read_bytes()
    return smartctl.answer(json.loads(text)["smartctl"]["exit_status"], text)


def known(answer: Answer) -> dict[str, Value]:
    return {f.name: v for f, v in answer.values.items() if v is not None}


def test_a_healthy_ata_disk() -> None:
    answer = told("ata_hdd_healthy.json")
    assert known(answer) == {
        "smart_passed": True, "size_bytes": 4_000_787_030_016, "temperature_celsius": 31.0,
        "power_on_seconds_total": 12_345 * 3600, "power_cycles_total": 23,
        "reallocated_sectors": 0, "reported_uncorrectable_total": 0, "command_timeouts_total": 0,
        "pending_sectors": 0, "offline_uncorrectable_sectors": 0, "crc_errors_total": 2,
        "error_log_entries_total": 0, "written_bytes_total": 31_250_000_000 * 512,
        "read_bytes_total": 62_500_000_000 * 512,
    }  # fmt: skip
    assert (answer.wwn, answer.serial) == ("naa.5000c500a1b2c3d4", "VH000001")
    assert (answer.model, answer.firmware) == ("VIGIE HDD 4T", "F1")
    assert answer.rotates is True
    assert answer.mode == "active"
    assert answer.problem is None


def test_a_failing_ata_disk_is_read_whatever_the_exit_status() -> None:
    answer = told("ata_hdd_failing.json")  # 0x58
    assert known(answer)["smart_passed"] is False
    assert answer.prefail
    counts = [known(answer)[n] for n in ("reallocated_sectors", "pending_sectors")]
    assert counts == [1208, 24]
    assert answer.notes == (
        "the disk says that it is failing",
        "an attribute that announces failure is at its threshold",
        "the disk's log holds errors",
    )


def test_188_packs_three_counters_and_the_lowest_is_that_of_timeouts() -> None:
    assert known(told("ata_hdd_failing.json"))["command_timeouts_total"] == 3


def test_a_solid_state_ata_disk() -> None:
    answer = told("ata_ssd.json")
    assert answer.rotates is False
    assert known(answer)["endurance_used_ratio"] == pytest.approx(0.07)
    assert known(answer)["written_bytes_total"] == 5_000_000_000 * 512
    assert "pending_sectors" not in known(answer)
    assert "command_timeouts_total" not in known(answer)


def test_an_nvme_disk_counts_in_thousands_of_512_bytes() -> None:
    answer = told("nvme_healthy.json")
    assert answer.nvme
    assert known(answer) == {
        "smart_passed": True, "size_bytes": 1_920_383_410_176, "temperature_celsius": 36.0,
        "power_on_seconds_total": 9_876 * 3600, "power_cycles_total": 37, "critical_warning": 0,
        "endurance_used_ratio": pytest.approx(0.03), "spare_ratio": 1.0,
        "spare_threshold_ratio": pytest.approx(0.1), "media_errors_total": 0,
        "error_log_entries_total": 142, "read_bytes_total": 52_428_800 * 512_000,
        "written_bytes_total": 31_250_000 * 512_000,
    }  # fmt: skip


def test_endurance_may_pass_its_rating() -> None:
    answer = told("nvme_worn.json")
    assert known(answer)["endurance_used_ratio"] == pytest.approx(1.07)
    assert known(answer)["critical_warning"] == 5
    assert known(answer)["spare_ratio"] == pytest.approx(0.06)


def test_a_virtual_nvme_disk_that_says_0_of_0_has_no_spare_and_no_sensor() -> None:
    values = known(told("nvme_virtual.json"))
    assert not {"spare_ratio", "spare_threshold_ratio", "temperature_celsius"} & set(values)


def test_a_sas_disk() -> None:
    answer = told("sas_grown_defects.json")
    assert known(answer) == {
        "smart_passed": True, "size_bytes": 600_127_266_816, "temperature_celsius": 34.0,
        "power_on_seconds_total": 52_011 * 3600 + 38 * 60, "power_cycles_total": 45,
        "grown_defects": 37, "uncorrected_errors_total": 5,
        "read_bytes_total": 111_593_179_000_000, "written_bytes_total": 292_086_584_000_000,
    }  # fmt: skip
    assert (answer.wwn, answer.model) == ("naa.5000c500b0000002", "VIGIE SAS10K")
    assert answer.firmware == "EA04"


def test_a_disk_behind_a_controller_says_the_same() -> None:
    answer = told("megaraid.json")
    assert answer.wwn == "naa.5000c500b0000003"
    assert known(answer)["grown_defects"] == 0


def test_0_degrees_without_a_limit_is_no_temperature() -> None:
    assert "temperature_celsius" not in known(told("sas_no_sensor.json"))


@pytest.mark.parametrize(("name", "mode"), [("ata_standby.json", "standby"),
                                            ("ata_sleep.json", "sleep")])  # fmt: skip
def test_a_disk_that_sleeps_is_no_failure(name: str, mode: str) -> None:
    answer = told(name)
    assert answer.asleep
    assert answer.mode == mode
    assert answer.problem is None


@pytest.mark.parametrize(
    ("said", "mode"),
    [("STANDBY_Y", "standby"), ("STANDBY BY TIMER", "standby"), ("LOW POWER", "standby"),
     ("IDLE_B", "idle"), ("STANDBY (OS)", "standby")],
)  # fmt: skip
def test_every_low_power_mode_has_a_word(said: str, mode: str) -> None:
    messages = [{"string": f"Device is in {said} mode, exit(2)", "severity": "information"}]
    text = json.dumps({"smartctl": {"messages": messages, "exit_status": 2}}).encode()
    assert smartctl.answer(2, text).mode == mode


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("denied.json", "denied", "Permission denied"),
        ("usb_unknown.json", "unsupported", "Unknown USB bridge"),
        ("no_such_device.json", "open", "No such device"),
        ("command_failed.json", "open", "Input/output error"),
    ],
)
def test_a_refusal_keeps_the_words_of_smartctl(name: str, code: str, words: str) -> None:
    problem = told(name).problem
    assert problem is not None
    assert problem.code == code
    assert words in problem.message


def test_an_answer_that_is_cut_short_is_damaged() -> None:
    text = (FIXTURES / "truncated.json").read_bytes()
    problem = smartctl.answer(0, text).problem
    assert problem is not None
    assert problem.code == "answer"
    assert str(len(text)) in problem.message


def test_an_old_smartctl_is_told_what_to_become() -> None:
    problem = smartctl.answer(1, (FIXTURES / "old_smartctl.txt").read_bytes()).problem
    assert problem is not None
    assert problem.code == "old"
    assert "7.0" in problem.message


def test_no_answer_at_all_says_what_was_complained_of() -> None:
    problem = smartctl.answer(127, b"", "smartctl: cannot execute").problem
    assert problem is not None
    assert "cannot execute" in problem.message


def test_every_bit_of_the_exit_status_is_explained() -> None:
    assert [len(smartctl.explain(1 << bit)) for bit in range(8)] == [1] * 8
    assert smartctl.explain(0) == ()
    assert len(set(smartctl.explain(0xFF))) == 8


def test_a_disk_that_fails_and_does_not_say_so_is_told_by_the_exit_status() -> None:
    document = json.loads((FIXTURES / "ata_hdd_healthy.json").read_text())
    del document["smart_status"]
    document["smartctl"]["exit_status"] = 8
    answer = smartctl.answer(8, json.dumps(document).encode())
    assert known(answer)["smart_passed"] is False


@pytest.mark.parametrize(
    ("number", "name", "raw", "field", "value"),
    [
        (197, "Not_In_Use", {"value": 7, "string": "7"}, Disk.pending_sectors, None),
        (198, "Host_Reads_GiB", {"value": 7, "string": "7"}, Disk.offline_uncorrectable_sectors,
         None),
        (199, "Write_Sectors_Tot_Ct", {"value": 7, "string": "7"}, Disk.crc_errors_total, None),
        (5, "Reallocated_Sector_Ct", {"value": (9 << 32) + 4, "string": "4 (9 0)"},
         Disk.reallocated_sectors, 4),
        (5, "Reallocated_Sector_Ct", {"value": 2**48 - 1, "string": "281474976710655"},
         Disk.reallocated_sectors, None),
        (187, "Unknown_SSD_Attribute", {"value": 7, "string": "7"},
         Disk.reported_uncorrectable_total, None),
    ],
)  # fmt: skip
def test_a_number_of_an_attribute_is_not_its_meaning(
    number: int, name: str, raw: dict[str, Value], field: object, value: Value
) -> None:
    table = [{"id": number, "name": name, "raw": raw}, {"id": 9, "raw": {"value": 1}}]
    text = json.dumps({
        "smart_status": {"passed": True}, "ata_smart_attributes": {"table": table},
    })  # fmt: skip
    assert smartctl.answer(0, text.encode()).values.get(field) == value  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "raw", "in_database", "value"),
    [
        ("Host_Writes_32MiB", 3, True, 3 * 32 * 2**20),
        ("Lifetime_Writes_GiB", 3, True, 3 * 2**30),
        ("Total_LBAs_Written", 3, True, 3 * 512),
        ("Total_LBAs_Written", 3, False, None),
        ("NAND_Writes_GiB", 3, True, None),
        ("Total_LBAs_Written", 0, True, None),
    ],
)
def test_bytes_of_an_attribute_need_a_known_unit(
    name: str, raw: int, value: int | None, *, in_database: bool
) -> None:
    table = [{"id": 241, "name": name, "raw": {"value": raw, "string": str(raw)}}]
    text = json.dumps({
        "smart_status": {"passed": True}, "ata_smart_attributes": {"table": table},
        "in_smartctl_database": in_database, "logical_block_size": 512,
    })  # fmt: skip
    assert smartctl.answer(0, text.encode()).values.get(Disk.written_bytes_total) == value


def test_a_count_that_no_reading_can_carry_is_unknown() -> None:
    document = json.loads((FIXTURES / "nvme_healthy.json").read_text())
    document["nvme_smart_health_information_log"]["data_units_written"] = 2**62
    answer = smartctl.answer(0, json.dumps(document).encode())
    assert answer.values.get(Disk.written_bytes_total) is None


KEYS = sorted({
    key for path in FIXTURES.glob("*.json") if path.name != "truncated.json"
    for key in json.dumps(json.loads(path.read_text())).split('"')[1::2] if key.isidentifier()
})  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(KEYS) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=40,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8), st.integers(0, 255))
def test_no_document_crashes_the_parser(document: dict[str, object], status: int) -> None:
    answer = smartctl.answer(status, json.dumps(document).encode())
    columns = {f: [v] for f, v in answer.values.items()} | {Disk.disk: ["x"]}
    assert fault(Found(columns), (Disk,)) is None


@given(st.binary(max_size=200), st.integers(-15, 255))
def test_no_bytes_crash_the_parser(text: bytes, status: int) -> None:
    smartctl.answer(status, text)


@given(st.data())
def test_a_fixture_with_one_damaged_value_never_crashes_the_parser(data: st.DataObject) -> None:
    names = [p for p in sorted(FIXTURES.glob("*.json")) if p.name != "truncated.json"]
    document = json.loads(data.draw(st.sampled_from(names)).read_text())
    at = document
    while isinstance(at, dict | list) and at:
        step = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[step], dict | list) or data.draw(st.booleans()):
            at[step] = data.draw(ANYTHING)
            break
        at = at[step]
    answer = smartctl.answer(0, json.dumps(document).encode())
    columns = {f: [v] for f, v in answer.values.items()} | {Disk.disk: ["x"]}
    assert fault(Found(columns), (Disk,)) is None


def test_nesting_without_end_is_a_damaged_answer() -> None:
    text = b'{"a":' * 100_000
    problem = smartctl.answer(0, text).problem
    assert problem is not None
    assert problem.code == "answer"


def test_the_readme_names_every_fixture() -> None:
    readme = (FIXTURES / "README.md").read_text()
    for path in FIXTURES.glob("*.json"):
        assert any(start in readme for start in (path.stem, path.stem.split("_")[0] + "_")), path
