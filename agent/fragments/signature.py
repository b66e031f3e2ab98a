"""RSA signatures as Tahoe-LAFS makes them: PSS with SHA-256 and a salt of 32 bytes.

RFC 8017: RSASSA-PSS-VERIFY (8.1.2), EMSA-PSS-VERIFY (9.1.2), MGF1 (B.2.1); the key is a
SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 3279, 2.3.1). Everything here is public: nothing needs to
take the same time for all inputs.
"""

from hashlib import sha256
from typing import Final

_HASH: Final = 32
_SALT: Final = 32
_RSA: Final = bytes.fromhex("300d06092a864886f70d0101010500")
"""AlgorithmIdentifier of rsaEncryption."""
_MAX_BITS: Final = 8192


def verified(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is one of the message under the key.

    Raises:
        ValueError: the key is no RSA public key in DER.
    """
    modulus, exponent = public(key)
    size = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= modulus:
        return False
    bits = modulus.bit_length() - 1
    encoded = pow(number, exponent, modulus).to_bytes(size, "big")
    return _encodes(encoded[size - (bits + 7) // 8 :], bits, sha256(message).digest())


def public(key: bytes) -> tuple[int, int]:
    """Modulus and exponent of a key.

    Raises:
        ValueError: it is no RSA public key in DER.
    """
    outer, rest = _value(key, 0x30)
    if rest or not outer.startswith(_RSA):
        raise ValueError("the key is no RSA key")
    string, rest = _value(outer[len(_RSA) :], 0x03)
    pair, more = _value(string[1:], 0x30)
    modulus, after = _value(pair, 0x02)
    exponent, last = _value(after, 0x02)
    if rest or more or last or string[:1] != b"\0":
        raise ValueError("the key does not end where it should")
    found = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    if not 3 <= found[1] < found[0] < 1 << _MAX_BITS:
        raise ValueError("the key's numbers are no RSA key's")
    return found


def _value(text: bytes, tag: int) -> tuple[bytes, bytes]:
    """The value of the DER element that `text` begins with, and what comes after it."""
    if len(text) < 2 or text[0] != tag:
        raise ValueError("the key is not written in DER")
    length, start = text[1], 2
    if length >= 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(text[2:start], "big")
    if start > 6 or start + length > len(text):
        raise ValueError("the key is cut")
    return text[start : start + length], text[start + length :]


def _encodes(encoded: bytes, bits: int, hashed: bytes) -> bool:
    """EMSA-PSS-VERIFY of an encoded message of `bits` bits."""
    masked, digest, end = encoded[: -_HASH - 1], encoded[-_HASH - 1 : -1], encoded[-1:]
    padding = len(masked) - _SALT - 1
    if padding < 0 or end != b"\xbc" or masked[0] >> (8 - (8 * len(encoded) - bits)):
        return False
    mask = b"".join(
        sha256(digest + number.to_bytes(4, "big")).digest()
        for number in range(-(-len(masked) // _HASH))
    )
    block = int.from_bytes(masked, "big") ^ int.from_bytes(mask[: len(masked)], "big")
    block &= (1 << (8 * len(masked) - (8 * len(encoded) - bits))) - 1
    plain = block.to_bytes(len(masked), "big")
    if plain[: padding + 1] != bytes(padding) + b"\x01":
        return False
    return sha256(bytes(8) + hashed + plain[padding + 1 :]).digest() == digest
