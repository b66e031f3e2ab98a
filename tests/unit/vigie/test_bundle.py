import gzip
import io
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alerts.incidents.bundle import Part, write
from tests.build.sealed import Sealed
from vigie.bundle import KEY, SIGNATURE, SUMS, verify
from vigie.ed25519 import fingerprint, pem
from vigie.errors import VigieError

NOW = 1_800_000_000.0
FILES = {"README.txt": b"read me\n", "readings/gpu.csv": b"time\n", "empty.csv": b""}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "inc-1.tar.gz"
    large = tmp_path / "large"
    large.write_bytes(b"0123456789" * 300_000)
    parts = [*(Part(name, content) for name, content in FILES.items()), Part("large.csv", large)]
    with path.open("wb") as file:
        write(file, "inc-1", parts, Sealed(), NOW)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        found = {}
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            found[entry.name] = content.read()
        return found


def packed(path: Path, files: Mapping[str, bytes], also: tarfile.TarInfo | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if also is not None:
            archive.addfile(also)
    return path


def test_what_was_signed_is_as_it_was_signed(bundle: Path) -> None:
    key = fingerprint(Sealed().public)
    found = verify(bundle, key)
    assert (found.key, found.files, found.findings) == (key, 4, ())
    assert verify(bundle, key.upper()).findings == ()


def test_the_same_parts_at_the_same_time_make_the_same_bytes(tmp_path: Path, bundle: Path) -> None:
    with (tmp_path / "again").open("wb") as file:
        parts = [*(Part(name, content) for name, content in FILES.items())]
        write(file, "inc-1", [*parts, Part("large.csv", tmp_path / "large")], Sealed(), NOW)
    assert (tmp_path / "again").read_bytes() == bundle.read_bytes()


Bend = Callable[[dict[str, bytes]], object]


@pytest.mark.parametrize(
    ("bend", "finding"),
    [
        (lambda f: f.update({"inc-1/README.txt": b"else\n"}), "README.txt: not what was signed"),
        (lambda f: f.pop("inc-1/readings/gpu.csv"), "readings/gpu.csv: missing"),
        (lambda f: f.update({"inc-1/more": b""}), "more: nobody signed for it"),
        (lambda f: f.update({"elsewhere/more": b""}), "'elsewhere/more': does not belong"),
        (lambda f: f.update({"inc-1/../../etc/x": b""}), "'inc-1/../../etc/x': does not belong"),
        (lambda f: f.update({f"inc-1/{SUMS}": f[f"inc-1/{SUMS}"] + b"x\n"}), f"{SUMS}: 'x' is no"),
        (lambda f: f.update({f"inc-1/{SIGNATURE}": bytes(64)}), f"{SIGNATURE}: not the signature"),
        (lambda f: f.update({f"inc-1/{KEY}": b"\xff"}), f"{KEY}: no public key"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(bundle: Path, tmp_path: Path, bend: Bend, finding: str) -> None:
    files = contents(bundle)
    bend(files)
    found = verify(packed(tmp_path / "bent", files))
    assert any(said.startswith(finding) for said in found.findings), found.findings


def test_who_signs_again_with_another_key_is_seen_by_who_knows_ours(
    bundle: Path, tmp_path: Path
) -> None:
    files, other = contents(bundle), Sealed(2)
    files[f"inc-1/{SIGNATURE}"] = other.sign(files[f"inc-1/{SUMS}"])
    files[f"inc-1/{KEY}"] = pem(other.public).encode()
    forged = packed(tmp_path / "forged", files)
    assert verify(forged).findings == ()
    (finding,) = verify(forged, fingerprint(Sealed().public)).findings
    assert finding.startswith(f"{KEY}: another key")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_or_folder_in_it_is_a_finding(bundle: Path, tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("inc-1/link")
    link.type, link.linkname = kind, "/etc/passwd"
    (finding,) = verify(packed(tmp_path / "linked", contents(bundle), link)).findings
    assert "does not belong in a bundle" in finding


def test_what_is_no_bundle_or_cut_short_is_told(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = bundle.read_bytes()
    cases = (b"", b"text", whole[:100], whole[:-20], whole[: len(whole) // 2], gzip.compress(b""))
    for content in cases:
        path.write_bytes(content)
        with pytest.raises(VigieError, match="no bundle"):
            verify(path)
    with pytest.raises(VigieError, match="SHA256SUMS cannot be found in it"):
        verify(packed(path, {"inc-1/README.txt": b""}))


def test_tools_of_every_system_verify_it_too(bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle) as archive:
        archive.extractall(tmp_path, filter="data")
    summed = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=tmp_path / "inc-1", check=False,
        capture_output=True,
    )  # fmt: skip
    assert summed.returncode == 0
    signed = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", KEY, "-rawin", "-in", SUMS,
         "-sigfile", SIGNATURE],
        cwd=tmp_path / "inc-1", check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert signed.returncode == 0, signed.stderr
    assert "Verified Successfully" in signed.stdout


def test_one_bit_anywhere_in_the_archive_is_seen(bundle: Path, tmp_path: Path) -> None:
    whole, damaged = bundle.read_bytes(), tmp_path / "damaged.tar.gz"
    for place in range(20, len(whole) - 20, max(1, len(whole) // 40)):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert verify(damaged).findings, place
        except VigieError as error:
            assert "damaged" in str(error)  # noqa: PT017 - either way is right


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VigieError, match=r"none\.tar\.gz: cannot be read: No such file"):
        verify(tmp_path / "none.tar.gz")
