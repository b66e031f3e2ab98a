"""What is found after a kill is what it comes to, not what the first answer says."""

import pytest

from bench.peers import durability
from bench.peers.asking import Asked
from vigie.errors import VigieError


class CatchingUp:
    """Answers what it is told, one after the other; None is a refusal."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)

    def count(self, asked: Asked) -> int:
        answer = self.answers.pop(0)
        if answer is None:
            raise VigieError("503: catching up")
        return answer


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def found(system: CatchingUp) -> int:
    return durability._found(system, Asked(0, 60, 0, 1), 100)  # type: ignore[arg-type]


def test_one_that_catches_up_is_asked_until_all_is_there() -> None:
    assert found(CatchingUp(None, 40, None, 100)) == 100


def test_what_is_lost_is_told_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "FOUND_SECONDS", -1.0)
    assert found(CatchingUp(40)) == 40
    with pytest.raises(VigieError, match="catching up"):
        found(CatchingUp(None))
