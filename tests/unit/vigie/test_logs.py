import logging

import pytest

from vigie import logs


def line(message: str, **fields: object) -> str:
    record = logging.LogRecord("collector.store", logging.INFO, "f.py", 1, message, (), None)
    record.created = 1_767_225_600.5
    vars(record).update(fields)
    return logs.Line().format(record)


def test_a_line_has_utc_level_name_message_and_fields() -> None:
    told = line("flushed", rows=3, table="gpu")
    assert told == "2026-01-01T00:00:00Z INFO collector.store flushed rows=3 table=gpu"


def test_no_field_can_break_the_line() -> None:
    told = line("refused", path='a "b"\nINFO forged', empty="")
    assert told.endswith('refused path="a \\"b\\"\\nINFO forged" empty=""')


@pytest.mark.parametrize("library", ["apscheduler", "pyiceberg", "uvicorn"])
def test_libraries_speak_of_trouble_only(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    logger = logging.getLogger(library)
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    logs.to_stderr()
    assert logger.level == logging.WARNING
