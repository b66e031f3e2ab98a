"""Whether an Ed25519 signature is right (RFC 8032), for whoever has nothing but Python.

It verifies only: nothing here is secret, so that it need not run in constant time. Signing is the
collector's, with a library.
"""

import base64
import hashlib
import textwrap
from typing import Final

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
PEM_HEAD: Final = "-----BEGIN PUBLIC KEY-----"
PEM_FOOT: Final = "-----END PUBLIC KEY-----"
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the key in its DER form (RFC 8410)."""

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT: Final = pow(2, (_P - 1) // 4, _P)
"""A square root of -1."""

_Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z and x y = T/Z."""


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of a public key signed exactly this message."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    holder, promised = _point(key), _point(signature[:KEY_BYTES])
    proof = int.from_bytes(signature[KEY_BYTES:], "little")
    if holder is None or promised is None or proof >= _L:
        return False
    digest = hashlib.sha512(signature[:KEY_BYTES] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _L
    return _same(_times(proof, _base()), _sum(promised, _times(challenge, holder)))


def pem(key: bytes) -> str:
    """A public key as OpenSSL reads it."""
    text = base64.b64encode(_SPKI + key).decode()
    return "\n".join([PEM_HEAD, *textwrap.wrap(text, 64), PEM_FOOT, ""])


def key_of(text: str) -> bytes:
    """The public key in such a text.

    Raises:
        ValueError: there is none, or it is of another kind.
    """
    body = text.partition(PEM_HEAD)[2].partition(PEM_FOOT)[0]
    data = base64.b64decode("".join(body.split()), validate=True)
    if len(data) != len(_SPKI) + KEY_BYTES or not data.startswith(_SPKI):
        raise ValueError("no Ed25519 public key in PEM")
    return data[len(_SPKI) :]


def fingerprint(key: bytes) -> str:
    """The SHA-256 of a public key, by which people compare keys."""
    return hashlib.sha256(key).hexdigest()


def _base() -> _Point:
    y = 4 * pow(5, _P - 2, _P) % _P
    point = _point(y.to_bytes(KEY_BYTES, "little"))
    if point is None:  # pragma: no cover - the curve has its base point
        raise ArithmeticError("the base point is on the curve")
    return point


def _point(data: bytes) -> _Point | None:
    """The point that 32 bytes spell, RFC 8032 5.1.3; None where they spell none."""
    number = int.from_bytes(data, "little")
    odd, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _sum(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(count: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while count:
        if count & 1:
            total = _sum(total, point)
        point, count = _sum(point, point), count >> 1
    return total


def _same(one: _Point, other: _Point) -> bool:
    x = (one[0] * other[2] - other[0] * one[2]) % _P
    y = (one[1] * other[2] - other[1] * one[2]) % _P
    return x == 0 and y == 0
