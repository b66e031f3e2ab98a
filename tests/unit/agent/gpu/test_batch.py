"""What the union of a field value means, and which numbers are words."""

import math
import struct

import pytest

from agent.gpu.batch import decoded, word
from vigie.catalogue import Gpu

GARBAGE = 0xDEADBEEF << 32


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (1, GARBAGE | 55, 55),
        (6, GARBAGE | 0xABCD_0007, 7),
        (2, 2**40, 2**40),
        (3, 2**63 + 1, 2**63 + 1),
        (4, 2**64 - 5, -5),
        (5, GARBAGE | (2**32 - 20), -20),
        (0, int.from_bytes(struct.pack("<d", 0.5), "little"), 0.5),
    ],
)
def test_only_the_bits_of_the_type_count(kind: int, raw: int, value: float) -> None:
    assert decoded(kind, raw) == value


def test_a_whole_number_given_as_a_double_is_an_integer() -> None:
    found = decoded(0, int.from_bytes(struct.pack("<d", 42.0), "little"))
    assert found == 42
    assert type(found) is int


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (1, GARBAGE | 0xFFFFFFFF),
        (3, 2**64 - 1),
        (0, int.from_bytes(struct.pack("<d", math.nan), "little")),
        (0, int.from_bytes(struct.pack("<d", math.inf), "little")),
        (17, 1),
    ],
)
def test_not_available_and_types_of_a_newer_driver_are_unknown(kind: int, raw: int) -> None:
    assert decoded(kind, raw) is None


def test_numbers_become_flags_and_states() -> None:
    assert word(Gpu.row_remap_pending, 1) is True
    assert word(Gpu.row_remap_pending, 0) is False
    assert word(Gpu.recovery_action, 4) == 4
    assert word(Gpu.recovery_action, 6) is None
    assert word(Gpu.row_remap_failed, None) is None
