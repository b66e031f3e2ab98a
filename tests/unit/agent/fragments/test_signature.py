"""RSA signatures as Tahoe-LAFS makes them, by a real one in a fixture and by known bad ones."""

import struct
from pathlib import Path

import pytest

from agent.fragments import signature
from tests.build.grid import FIXTURES, shares

SLOT = 468


def parts() -> tuple[bytes, bytes, bytes]:
    """Key, signature and signed bytes of the first SDMF share of the fixtures."""
    for share in shares(FIXTURES / "3-of-6"):
        content = share.read_bytes()
        if content.startswith(b"Tahoe") and content[SLOT] == 0:
            slot = content[SLOT:]
            sign, chain = struct.unpack_from(">2L", slot, 75)
            return slot[107:sign], slot[sign:chain], slot[:75]
    raise AssertionError(Path(FIXTURES))


KEY, SIGNED, MESSAGE = parts()


def test_a_real_signature_is_one() -> None:
    assert signature.verified(KEY, SIGNED, MESSAGE)


def test_the_key_is_a_usual_one() -> None:
    modulus, exponent = signature.public(KEY)
    assert (modulus.bit_length(), exponent) == (2048, 65537)


@pytest.mark.parametrize("at", [0, 1, 100, 255])
def test_another_signature_is_none(at: int) -> None:
    other = bytearray(SIGNED)
    other[at] ^= 1
    assert not signature.verified(KEY, bytes(other), MESSAGE)


def test_it_is_of_this_message_alone() -> None:
    assert not signature.verified(KEY, SIGNED, MESSAGE + b"\0")
    assert not signature.verified(KEY, SIGNED, MESSAGE[:-1])


@pytest.mark.parametrize("other", [b"", SIGNED[:-1], SIGNED + b"\0", b"\xff" * 256, bytes(256)])
def test_a_signature_of_another_length_or_beyond_the_modulus_is_none(other: bytes) -> None:
    assert not signature.verified(KEY, other, MESSAGE)


@pytest.mark.parametrize(
    "key",
    [b"", b"\x30", KEY[:-1], KEY + b"\0", KEY[:20], b"\x31" + KEY[1:], b"\x30\x80" + KEY[2:],
     b"\x30\x84\xff\xff\xff\xff" + KEY[4:], KEY[:6] + b"\x08" + KEY[7:]],
)  # fmt: skip
def test_what_is_no_key_is_said_so(key: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        signature.public(key)
