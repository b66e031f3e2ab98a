from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build.network import SOUND, faults
from tests.house import ROOT
from vigie.document import Document
from vigie.errors import SettingsError
from vigie.network.load import Network, check, joined, load, reference
from vigie.network.operators import Operator, Status
from vigie.network.places import Container, Site
from vigie.network.policies import Placement
from vigie.positions import TomlPath

EXAMPLE = ROOT / "docs/examples/network.toml"


def test_the_example_is_sound_and_its_study_counts_nowhere() -> None:
    network = load(EXAMPLE)
    assert [c.path for c in network.containers] == ["cannes/c1", "cannes/c2", "vendee/c1"]
    studied = network.site("vendee/c1")
    assert studied is not None
    assert studied.status is Status.STUDIED
    assert network.simulated("vendee/c1/host-1")
    assert not network.simulated("cannes/c1")


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


def test_a_folder_is_one_network_and_each_fault_names_its_own_file(tmp_path: Path) -> None:
    head, places = SOUND.split("[[sites]]")
    (tmp_path / "a.toml").write_text(head)
    (tmp_path / "b.toml").write_text("[[sites]]" + places)
    more = '[[containers]]\nid = "c2"\nname = "C2"\nsite = "cannes"\n'
    (tmp_path / "c.toml").write_text(more)
    (tmp_path / "notes.md").write_text("not read")
    network = load(tmp_path)
    assert network.name == "N"
    assert [c.path for c in network.containers] == ["cannes/c1", "cannes/c2"]

    (tmp_path / "c.toml").write_text(more.replace('"cannes"', '"canes"') + "gpus = 3\n")
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert str(error.value).splitlines() == [
        f"{tmp_path}/c.toml:5: containers[2].gpus: no such setting; did you mean gpu?",
    ]
    (tmp_path / "c.toml").write_text(more.replace('"cannes"', '"canes"'))
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert str(error.value).splitlines() == [
        f"{tmp_path}/c.toml:4: containers[2].site: no site is called 'canes'; did you mean cannes?",
    ]


def test_files_give_the_name_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SOUND)
    (tmp_path / "b.toml").write_text('# two\nname = "M"\n')
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    told = f"name: is given already at {tmp_path}/a.toml:1; leave one of the two"
    assert str(error.value) == f"{tmp_path}/b.toml:2: {told}"


def test_a_folder_without_a_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"holds no \*.toml file"):
        load(tmp_path)


def test_without_a_name_a_network_is_called_as_its_file_or_folder(tmp_path: Path) -> None:
    folder = tmp_path / "riviera"
    folder.mkdir()
    (folder / "a.toml").write_text(SOUND.replace('name = "N"\n', "", 1))
    assert load(folder).name == "riviera"
    assert load(folder / "a.toml").name == "a"


def host(name: str) -> Network:
    return Network(
        name,
        (Operator(f"op-{name}", "Op"),),
        (Site(name, "Site", f"op-{name}"),),
        (Container("c1", "C1", name),),
    )


def test_two_networks_become_one_under_the_first_name() -> None:
    both = joined(host("a"), host("b"))
    assert both.name == "a"
    assert [c.path for c in both.containers] == ["a/c1", "b/c1"]
    assert both.operator("op-b") is not None
    assert both.version not in {host("a").version, host("b").version}


def test_what_both_networks_declare_is_told() -> None:
    with pytest.raises(SettingsError) as error:
        joined(host("a"), replace(host("a"), name="b"))
    assert str(error.value).splitlines() == [
        "b: organisation 'op-a' is declared already in a; rename one of them",
        "b: site 'a' is declared already in a; rename one of them",
        "b: container 'a/c1' is declared already in a; rename one of them",
    ]


def test_a_store_has_its_policy_in_one_of_them() -> None:
    stored = [
        replace(host(name), placements=(Placement(f"p-{name}", "tahoe", 1, 2),)) for name in "ab"
    ]
    with pytest.raises(SettingsError, match="b: store 'tahoe' is declared already in a; rename"):
        joined(*stored)


def test_the_reference_network_is_sound_and_joins_this_host() -> None:
    both = joined(Network.of_this_host("pc"), reference())
    assert both.name == "pc"
    assert len(both.containers) == 1 + len(reference().containers)


def told(document: Document) -> list[str]:
    """The faults of a document, sound or not."""
    try:
        check(document)
    except SettingsError as error:
        return str(error).splitlines()
    return []


def places(value: Any, at: TomlPath = ()) -> Iterator[TomlPath]:
    """Every place in a document, tables and arrays included."""
    keys: Iterable[str | int] = value if isinstance(value, dict) else ()
    for key in range(len(value)) if isinstance(value, list) else keys:
        yield (*at, key)
        yield from places(value[key], (*at, key))


PLACES = list(places(Document.load(EXAMPLE).data))


@settings(max_examples=200, deadline=None)
@given(
    at=st.sampled_from(PLACES),
    odd=st.sampled_from([None, "", "x", -1, 1e30, True, [], ["x"], {}, {"x": 1}, [{}], [[]]]),
)
def test_whatever_stands_at_a_place_is_told_or_taken(at: TomlPath, odd: Any) -> None:
    document = Document.load(EXAMPLE)
    table: Any = document.data
    for key in at[:-1]:
        table = table[key]
    if odd is None:
        del table[at[-1]]
    else:
        table[at[-1]] = odd
    assert all(line.startswith(str(EXAMPLE)) for line in told(document))
