"""A reading with a call of its own: which call, when again, and what its answer means."""

from ctypes import c_uint

import pytest

from agent.gpu.library import Lost, Over
from agent.gpu.probe import Call, Probe, Refusals, is_mean

DAY = 86_400 * 10**9
HANDLE = object()


class Asked:
    """A function of the driver that counts its calls, and gives a code and a value."""

    def __init__(self, code: int = 0, value: int = 0) -> None:
        self.code, self.value, self.calls = code, value, 0
        self.cells = (c_uint * 1)()

    def __call__(self, handle: object) -> int:
        assert handle is HANDLE
        self.calls += 1
        self.cells[0] = self.value
        return self.code

    @property
    def call(self) -> Call:
        return Call(self, (), self.cells, 0, 2, 100)


def test_an_answer_is_scaled_and_one_that_cannot_be_is_unknown() -> None:
    asked = Asked(value=21)
    probe, refusals = Probe(asked.call), Refusals()
    assert probe.read(HANDLE, 0, refusals) == 42
    asked.value = 101
    assert probe.read(HANDLE, 0, refusals) is None


@pytest.mark.parametrize("code", [2, 3, 4, 13, 25, 26])
def test_a_refusal_leads_to_the_next_call_and_is_believed_for_a_day(code: int) -> None:
    first, second = Asked(code), Asked(value=1)
    probe, refusals = Probe(first.call, second.call), Refusals()
    assert [probe.read(HANDLE, at, refusals) for at in (0, 1, DAY - 1)] == [2, 2, 2]
    assert (first.calls, second.calls) == (1, 3)
    first.code = 0
    first.value = 5
    assert probe.read(HANDLE, DAY, refusals) == 10


def test_a_hiccup_is_no_refusal() -> None:
    first, second = Asked(999), Asked(value=1)
    probe, refusals = Probe(first.call, second.call), Refusals()
    assert [probe.read(HANDLE, 0, refusals) for _ in range(2)] == [None, None]
    assert (first.calls, second.calls, refusals) == (2, 0, {})


def test_what_one_gpu_refuses_another_may_give() -> None:
    asked = Asked(3)
    probe, refusals = Probe(asked.call), Refusals()
    assert probe.read(HANDLE, 0, refusals) is None
    asked.code = 0
    assert probe.read(HANDLE, 0, Refusals()) == 0
    assert probe.read(HANDLE, 0, refusals) is None


def test_a_clock_that_was_set_back_ends_the_wait() -> None:
    asked = Asked(3)
    probe, refusals = Probe(asked.call), Refusals()
    probe.read(HANDLE, 10 * DAY, refusals)
    asked.code = 0
    assert probe.read(HANDLE, 9 * DAY, refusals) == 0


@pytest.mark.parametrize(("code", "error"), [(15, Lost), (28, Lost), (1, Over), (18, Over)])
def test_what_is_gone_is_not_asked_in_another_way(code: int, error: type[Exception]) -> None:
    first, second = Asked(code), Asked()
    with pytest.raises(error):
        Probe(first.call, second.call).read(HANDLE, 0, {})
    assert second.calls == 0


@pytest.mark.parametrize(
    ("chip", "mean"),
    [((7, 0), False), ((8, 0), False), ((8, 6), True), ((9, 0), True), (None, None)],
)
def test_the_chip_says_what_its_power_means(
    chip: tuple[int, int] | None, mean: bool | None
) -> None:
    assert is_mean(chip) is mean
