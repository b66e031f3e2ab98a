from pathlib import Path

import pytest

from collector.signing import NAME, Signer
from vigie import ed25519
from vigie.errors import VigieError


def test_a_key_is_made_at_the_first_need_for_the_owner_alone(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    assert not (tmp_path / NAME).exists()
    signature = signer.sign(b"m")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert ed25519.verify(signer.public, b"m", signature)


def test_the_key_stays_over_a_restart(tmp_path: Path) -> None:
    assert Signer(tmp_path).public == Signer(tmp_path).public


def test_what_is_no_key_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"short")
    with pytest.raises(VigieError, match=r"signing\.key: 5 bytes are no key"):
        Signer(tmp_path).sign(b"m")
