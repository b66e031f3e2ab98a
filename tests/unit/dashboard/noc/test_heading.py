from zoneinfo import ZoneInfo

from dashboard.format import seconds_of
from dashboard.noc.heading import heading
from tests.build.played import container
from vigie.replies import Containers

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")


def head(language: str = "fr", **more: str | None) -> dict[str, str | float | None]:
    known = [container("a/a", NOW - 50), container("a/b", NOW - 20)]
    network = Containers(
        "2026-11-22T09:47:00Z", "Réseau", "0123456789abcdef", 1, known,
        more.get("since"), more.get("fault"),
    )  # fmt: skip
    return heading(network, known, NOW, language, PARIS)


def test_the_network_is_named_with_its_version_and_since_when_it_is_in_force() -> None:
    assert head()["network"] == "Réseau"
    assert head()["version"] == "version 01234567"
    since = head(since="2026-11-20T08:00:00Z")["version"]
    assert since == "version 01234567 depuis 20 nov. 09:00"


def test_files_that_are_not_in_force_are_told_with_file_and_line() -> None:
    assert head()["fault"] == ""
    fault = head(fault="network/sites.toml:12: no such operator <b>x</b>")["fault"]
    assert isinstance(fault, str)
    assert fault.endswith("network/sites.toml:12: no such operator <b>x</b>")
    assert "l'ancienne version" in fault


def test_data_is_as_new_as_the_newest_frame() -> None:
    assert head()["data_at"] == NOW - 20
