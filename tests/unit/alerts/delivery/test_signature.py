import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from alerts.delivery.signature import TOLERANCE, Signed, secret, secrets, sign, verify
from vigie.errors import SettingsError

KEY = bytes(range(24))
TEXT = "whsec_" + base64.b64encode(KEY).decode()


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the specification's test suite.
    key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_during_a_rotation_both_secrets_sign() -> None:
    other = b"o" * 24
    new, old = sign([other, KEY], "id", 7, b"{}").split(" ")
    assert new == sign([other], "id", 7, b"{}")
    by_hand = base64.b64encode(hmac.new(KEY, b"id.7.{}", hashlib.sha256).digest()).decode()
    assert old == f"v1,{by_hand}"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_holds_one_secret_or_two(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert secrets(written(path, TEXT + "\n")) == (KEY,)
    assert secrets(written(path, f"{TEXT}\n{TEXT}\n")) == (KEY, KEY)


@pytest.mark.parametrize(
    ("text", "mode", "fault"),
    [
        ("", 0o600, "one secret is wanted"),
        (f"{TEXT}\n{TEXT}\n{TEXT}", 0o600, "one secret is wanted"),
        (f"{TEXT}\nsecret", 0o600, "secret:2: a secret begins with whsec_"),
        ("whsec_!!!!", 0o600, "secret:1: what follows whsec_ is no base64"),
        ("whsec_c2hvcnQ=", 0o600, "24 to 64 bytes are wanted, got 5"),
        (TEXT, 0o640, "others may read this secret; run chmod 600"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, text: str, mode: int, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        secrets(written(tmp_path / "secret", text, mode))


def test_a_secret_is_never_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        secrets(written(tmp_path / "secret", "whsec_hunter2!"))
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere: secret cannot be read: No such file"):
        secrets(tmp_path / "nowhere")


NOW = 1_800_000_000


def signed(keys: list[bytes], body: bytes = b"{}", stamp: int = NOW) -> Signed:
    return Signed("msg_1", str(stamp), sign(keys, "msg_1", stamp, body))


def test_what_was_signed_with_one_of_our_secrets_passes() -> None:
    other = b"o" * 24
    verify([KEY], signed([KEY]), b"{}", NOW)
    verify([other, KEY], signed([KEY]), b"{}", NOW)
    verify([KEY], signed([other, KEY]), b"{}", NOW)
    verify([KEY], signed([KEY], stamp=NOW - 299), b"{}", NOW)


@pytest.mark.parametrize(
    ("given", "body", "said"),
    [
        (signed([b"o" * 24]), b"{}", "not signed"),
        (signed([KEY]), b"{ }", "not signed"),
        (Signed("msg_2", str(NOW), signed([KEY]).signature), b"{}", "not signed"),
        (Signed("msg_1", str(NOW + 1), signed([KEY]).signature), b"{}", "not signed"),
        (Signed("msg_1", str(NOW), ""), b"{}", "not signed"),
        (Signed("msg_1", str(NOW), "v1,é v2,x v1"), b"{}", "not signed"),
        (signed([KEY], stamp=NOW - round(TOLERANCE) - 1), b"{}", "from our clock"),
        (signed([KEY], stamp=NOW + round(TOLERANCE) + 1), b"{}", "from our clock"),
        (Signed("msg_1", "now", "v1,x"), b"{}", "no Unix time"),
        (Signed("msg_1", "9" * 12, "v1,x"), b"{}", "no Unix time"),
        (Signed("msg_1", "", "v1,x"), b"{}", "no Unix time"),
        (Signed("", str(NOW), "v1,x"), b"{}", "webhook-id"),
    ],
)
def test_anything_else_does_not(given: Signed, body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        verify([KEY], given, body, NOW)


def test_without_a_secret_nothing_passes() -> None:
    with pytest.raises(ValueError, match="not signed"):
        verify([], signed([]), b"{}", NOW)


def test_a_header_full_of_signatures_is_read_to_its_beginning_only() -> None:
    right = signed([KEY]).signature
    with pytest.raises(ValueError, match="not signed"):
        verify([KEY], Signed("msg_1", str(NOW), "v1,x " * 1000 + right), b"{}", NOW)
