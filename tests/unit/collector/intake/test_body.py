import pytest
import zstandard

from collector.intake.body import expand, limit
from vigie.errors import FrameError, Refused
from vigie.frame import MAX_BODY_BYTES, MAX_RATIO, MAX_REQUEST_BYTES

TEXT = bytes(range(256)) * 90


def test_an_uncompressed_body_is_taken_as_it_is() -> None:
    assert expand(TEXT, compressed=False) is TEXT


@pytest.mark.parametrize("sized", [True, False])
def test_a_compressed_body_is_opened_whether_it_says_its_size_or_not(sized: bool) -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=sized)
    assert expand(compressor.compress(TEXT), compressed=True) == TEXT


def test_compressed_pieces_back_to_back_are_one_body() -> None:
    assert expand(zstandard.compress(TEXT) * 3, compressed=True) == TEXT * 3


@pytest.mark.parametrize("sized", [True, False])
def test_a_bomb_is_refused(sized: bool) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=sized).compress(bytes(200 * 2**20))
    with pytest.raises(Refused) as refused:
        expand(bomb, compressed=True)
    assert refused.value.status == 413


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    honest = zstandard.ZstdCompressor(write_content_size=True).compress(bytes(200 * 2**20))
    small = zstandard.ZstdCompressor(write_content_size=True).compress(bytes(200))
    size_at = 5  # behind the magic number and the frame's own header byte
    assert honest[4] >> 6 == 2  # a size of four bytes
    liar = honest[:size_at] + (200).to_bytes(4, "little") + honest[size_at + 4 :]
    assert small != liar
    with pytest.raises((Refused, FrameError)):
        expand(liar, compressed=True)


def test_what_is_no_zstd_is_named() -> None:
    with pytest.raises(FrameError) as refused:
        expand(b"VGF1 is no zstd", compressed=True)
    assert refused.value.fault == "zstd"


def test_a_body_over_the_limit_is_refused_before_it_is_opened() -> None:
    with pytest.raises(Refused, match="at most"):
        expand(bytes(MAX_REQUEST_BYTES + 1), compressed=True)


def test_a_small_body_may_become_what_may_be_sent_uncompressed() -> None:
    assert limit(100) == MAX_REQUEST_BYTES
    assert limit(MAX_REQUEST_BYTES // 50) == MAX_REQUEST_BYTES // 50 * MAX_RATIO
    assert limit(MAX_REQUEST_BYTES) == MAX_BODY_BYTES
