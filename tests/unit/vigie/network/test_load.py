from pathlib import Path

import pytest

from tests.house import ROOT
from vigie.document import Document
from vigie.errors import SettingsError
from vigie.network.load import Network, check, load, zones
from vigie.network.operators import Status

SOUND = """\
name = "N"
[[operators]]
id = "op"
name = "Operator"
[[sites]]
id = "cannes"
name = "Cannes"
operator = "op"
zone = "FR"
[[containers]]
id = "c1"
name = "C1"
site = "cannes"
"""


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        check(Document.parse(text, "net.toml"))
    return str(error.value).splitlines()


def test_the_example_is_sound_and_its_study_counts_nowhere() -> None:
    network = load(ROOT / "docs/examples/network.toml")
    assert [c.path for c in network.containers] == ["cannes/c1", "cannes/c2", "vendee/c1"]
    studied = network.site("vendee/c1")
    assert studied is not None
    assert studied.status is Status.STUDIED
    assert network.simulated("vendee/c1/host-1")
    assert not network.simulated("cannes/c1")


def test_this_host_alone_is_one_container_without_a_grid_zone() -> None:
    network = Network.of_this_host("pc")
    assert [c.path for c in network.containers] == ["local/this"]
    site = network.site("local/this/pc")
    assert site is not None
    assert site.zone is None
    assert network.operator("self") is not None


def test_equal_content_has_an_equal_version_whatever_the_comments() -> None:
    once = check(Document.parse(SOUND, "a.toml"))
    again = check(Document.parse("# moved\n" + SOUND, "b.toml"))
    other = check(Document.parse(SOUND.replace('zone = "FR"', 'zone = "DE"'), "a.toml"))
    assert once.version == again.version != other.version


def test_a_path_names_the_container_it_lies_in_and_no_neighbour() -> None:
    text = SOUND + '[[containers]]\nid = "c10"\nname = "C10"\nsite = "cannes"\n'
    network = check(Document.parse(text, "net.toml"))
    found = network.container("cannes/c10/host")
    assert found is not None
    assert found.id == "c10"
    assert network.container("cannes") is None
    assert [c.id for c in network.within("")] == ["c1", "c10"]
    assert [c.id for c in network.within("cannes/c1")] == ["c1"]
    assert [c.id for c in network.within("cannes/c1/host")] == ["c1"]
    assert network.within("cannes/c") == ()


def test_unknown_references_get_a_line_and_a_suggestion() -> None:
    told = faults(SOUND.replace('site = "cannes"', 'site = "canne"').replace('"op"\nz', '"opp"\nz'))
    assert told == [
        "net.toml:8: sites[1].operator: no operator is called 'opp'; did you mean op?",
        "net.toml:13: containers[1].site: no site is called 'canne'; did you mean cannes?",
    ]


def test_a_faulty_site_does_not_make_its_containers_homeless() -> None:
    told = faults(SOUND.replace('zone = "FR"', "latitude = 91"))
    assert told == ["net.toml:9: sites[1].latitude: 91.0 is out of range; -90 to 90 is allowed"]


def test_a_path_is_declared_once() -> None:
    again = '[[containers]]\nname = "C1 bis"\nid = "c1"\nsite = "cannes"\n'
    (told,) = faults(SOUND + again)
    assert told.startswith(
        "net.toml:16: containers[2].id: 'cannes/c1' is declared already at net.toml:10"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            'zone = "FRA"',
            "net.toml:9: sites[1].zone: no grid zone is called 'FRA'; did you mean FR?",
        ),
        ('timezone = "Paris"', "net.toml:9: sites[1].timezone: a time zone like Europe/Paris"),
        ('country = "France"', "net.toml:9: sites[1].country: a country code like FR is wanted"),
        ('status = "open"', "net.toml:9: sites[1].status: 'open' is not one of the words"),
        ("longitude = 2", "net.toml:5: sites[1]: latitude and longitude go together"),
        ('zoen = "FR"', "net.toml:9: sites[1].zoen: no such setting; did you mean zone?"),
    ],
)
def test_a_wrong_trait_of_a_site_is_told_with_its_line(wrong: str, told: str) -> None:
    (line,) = faults(SOUND.replace('zone = "FR"', wrong))
    assert line.startswith(told)


def test_a_path_component_has_no_slash() -> None:
    (line,) = faults(SOUND.replace('id = "c1"', 'id = "c/1"'))
    assert line.startswith("net.toml:11: containers[1].id: small letters, digits and dashes")


def test_a_network_without_a_container_is_refused() -> None:
    assert "no container is declared" in faults('name = "N"\n')[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_every_zone_has_both_names() -> None:
    assert all(set(names) == {"fr", "en"} and all(names.values()) for names in zones().values())
