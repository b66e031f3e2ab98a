"""Records of a segment: each proves itself, and damage costs no neighbour."""

import pytest

from agent import segment
from agent.segment import Record
from vigie.catalogue import VERSION
from vigie.frame import Gap, Header, pack

BOOT = "0123456789abcdef"


def record(sequence: int, size: int = 20, boot: str = BOOT) -> Record:
    return Record(boot, sequence, 1_000_000 * sequence, bytes([sequence % 251]) * size)


RECORDS = [record(n) for n in range(5)]
WHOLE = b"".join(segment.write(r) for r in RECORDS)
SIZE = len(segment.write(RECORDS[0]))


def test_what_is_written_is_read() -> None:
    assert segment.scan(WHOLE) == (RECORDS, [])


@pytest.mark.parametrize("cut", range(1, SIZE))
def test_a_cut_anywhere_in_the_last_record_costs_that_record_alone(cut: int) -> None:
    records, damages = segment.scan(WHOLE[: 4 * SIZE + cut])
    assert records == RECORDS[:4]
    assert [(d.start, d.end) for d in damages] == [(4 * SIZE, 4 * SIZE + cut)]


@pytest.mark.parametrize("at", range(SIZE))
def test_a_flipped_bit_costs_the_record_that_it_is_in(at: int) -> None:
    bad = bytearray(WHOLE)
    bad[2 * SIZE + at] ^= 0x10
    records, damages = segment.scan(bytes(bad))
    assert records == [*RECORDS[:2], *RECORDS[3:]]
    assert [(d.before, d.after) for d in damages] == [(RECORDS[1], RECORDS[3])]


def test_zeros_at_the_end_are_one_damage() -> None:
    records, damages = segment.scan(WHOLE + bytes(500))
    assert (records, len(damages)) == (RECORDS, 1)


def test_damage_between_two_records_is_the_numbers_between_them() -> None:
    _, damages = segment.scan(WHOLE[:SIZE] + bytes(2 * SIZE) + WHOLE[3 * SIZE :])
    told = segment.between(damages[0], 0, None, None, "r")
    assert told == (BOOT, Gap(1, 2, 0, 3_000_000, "r"))


def test_damage_at_the_end_of_all_is_the_frame_in_flight() -> None:
    _, damages = segment.scan(WHOLE[:-1])
    told = segment.between(damages[0], 0, None, None, "r")
    assert told == (BOOT, Gap(4, 4, 3_000_000, 3_000_000, "r"))


def test_a_segment_without_a_sound_record_is_told_from_its_name_on() -> None:
    _, damages = segment.scan(bytes(99))
    told = segment.between(damages[0], 7, None, record(9), "r")
    assert told == (BOOT, Gap(7, 8, 9_000_000, 9_000_000, "r"))


def test_a_segment_alone_without_a_sound_record_is_told_of_the_boot_before() -> None:
    _, damages = segment.scan(bytes(99))
    told = segment.between(damages[0], 7, record(6), None, "r")
    assert told == (BOOT, Gap(7, 7, 6_000_000, 6_000_000, "r"))
    assert segment.between(damages[0], 0, None, None, "r") is None


def test_rubbish_between_consecutive_records_loses_nothing() -> None:
    _, damages = segment.scan(WHOLE[:SIZE] + b"rubbish" + WHOLE[SIZE:])
    assert segment.between(damages[0], 0, None, None, "r") is None


def test_lost_records_of_two_boots_are_two_gaps() -> None:
    gaps = segment.lost([record(1), record(2), record(3, boot="f" * 16)], "full")
    assert gaps == {
        BOOT: [Gap(1, 2, 1_000_000, 2_000_000, "full")],
        "f" * 16: [Gap(3, 3, 3_000_000, 3_000_000, "full")],
    }


def test_a_lost_gap_frame_passes_its_gaps_on() -> None:
    told = Gap(1, 4, 10, 40, "full")
    header = Header("a", BOOT, 5, "s/c", 0, 0, VERSION, gaps=(told,))
    gone = Record(BOOT, 5, 50, pack(header, b""))
    assert segment.lost([gone], "full") == {BOOT: [Gap(1, 5, 10, 50, "full")]}
