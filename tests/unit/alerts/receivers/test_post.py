import pytest

from alerts.receivers.outcome import Verdict
from alerts.receivers.post import _seconds, silence, verdict

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (200, Verdict.DELIVERED), (202, Verdict.DELIVERED), (299, Verdict.DELIVERED),
        (301, Verdict.DOWN), (302, Verdict.DOWN), (307, Verdict.DOWN), (400, Verdict.REFUSED),
        (401, Verdict.DOWN), (404, Verdict.DOWN), (408, Verdict.DOWN), (410, Verdict.GONE),
        (413, Verdict.REFUSED), (422, Verdict.REFUSED), (429, Verdict.DOWN), (500, Verdict.DOWN),
        (504, Verdict.DOWN),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, meant: Verdict) -> None:
    found = verdict(status)
    assert found.verdict is meant
    assert (found.reason == "") is (meant is Verdict.DELIVERED)


def test_a_failure_says_what_came_back() -> None:
    assert verdict(400, None, "invalid_payload\r\n").reason == "answered 400: invalid_payload"
    assert verdict(500, None, "\x1b[2J<b>" + "x" * 9_000).reason.startswith("answered 500: [2J<b>x")
    assert len(verdict(500, None, "x" * 9_000).reason) < 300
    assert "declare the URL that it leads to" in verdict(302, None, "<html>").reason


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        (None, None), ("17", 17.0), ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0), ("soon", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_when_it_may_come_back(wish: str | None, seconds: float | None) -> None:
    assert _seconds(wish, NOW) == seconds


def test_a_silence_names_what_failed() -> None:
    found = silence(ConnectionRefusedError(111, "Connection refused"))
    assert found.verdict is Verdict.DOWN
    assert found.reason == "no answer: ConnectionRefusedError: [Errno 111] Connection refused"
