import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vigie import ed25519

# RFC 8032, 7.1: tests 1 to 3.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_what_the_standard_signs_is_right_and_nothing_near_it(
    key: str, message: str, signature: str
) -> None:
    said = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519.verify(*said)
    assert not ed25519.verify(said[0], said[1] + b"x", said[2])
    for place in (0, 31, 32, 60):
        bent = bytearray(said[2])
        bent[place] ^= 1
        assert not ed25519.verify(said[0], said[1], bytes(bent))


def test_what_a_library_signs_is_right() -> None:
    for seed in range(5):
        secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        message = b"m" * seed * 1_000
        key = secret.public_key().public_bytes_raw()
        assert ed25519.verify(key, message, secret.sign(message))
        assert ed25519.key_of(ed25519.pem(key)) == key


def test_a_signature_of_another_is_wrong() -> None:
    one, other = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    assert not ed25519.verify(one.public_key().public_bytes_raw(), b"m", other.sign(b"m"))


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (b"", b""),
        (b"\x01" * 31, b"\x00" * 64),
        (b"\xff" * 32, b"\x00" * 64),  # y is no element of the field
        (bytes.fromhex(VECTORS[0][0]), b"\xff" * 64),
        (bytes.fromhex(VECTORS[0][0]), bytes.fromhex(VECTORS[0][2])[:63]),
    ],
)
def test_what_is_no_key_or_no_signature_is_wrong(key: bytes, signature: bytes) -> None:
    assert not ed25519.verify(key, b"", signature)


def test_a_proof_as_large_as_the_order_is_refused() -> None:
    key, _, signature = (bytes.fromhex(part) for part in VECTORS[0])
    proof = int.from_bytes(signature[32:], "little") + ed25519._L
    assert not ed25519.verify(key, b"", signature[:32] + proof.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "text", ["", "no key", ed25519.pem(b"short"), "-----BEGIN PUBLIC KEY-----"]
)
def test_a_text_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Ed25519|base64"):
        ed25519.key_of(text)
