"""The wheel holds our packages with their data, and nothing else."""

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house import PACKAGES, ROOT

LEFT_BEHIND = {".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*command, str(folder)], cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_wheel_holds_our_packages_alone(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_wheel_holds_every_file_of_a_package(wheel: set[str]) -> None:
    files = {str(path.relative_to(ROOT)) for path in shipped()}
    assert files <= wheel
    assert {name for name in wheel if name.split("/")[0] in PACKAGES} == files


def test_wheel_carries_the_licence(wheel: set[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_no_installed_distribution_uses_our_names() -> None:
    for package, owners in packages_distributions().items():
        assert package not in PACKAGES or set(owners) == {"vigie-telemetry"}


def shipped() -> list[Path]:
    """What lies in our packages and is not left behind by Python."""
    return [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in LEFT_BEHIND
    ]
