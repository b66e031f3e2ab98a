"""Nothing runs where nothing stands, and what is assumed has a name."""

import pytest

from tests.build.network import accepted, added


def site(more: str) -> str:
    return f'[[sites]]\nid = "nice"\nname = "Nice"\noperator = "op"\n{more}'


def container(more: str) -> str:
    return f'[[containers]]\nid = "c1"\nname = "C"\nsite = "nice"\n{more}'


def test_an_operating_container_on_an_announced_site_is_told() -> None:
    (line,) = added(site('status = "announced"\n') + container('status = "operating"\n'))
    told = "is operating on a site that is announced; nothing is more real than where it stands"
    assert line == f"net.toml:23: containers[2].status: {told}"


def test_a_container_may_be_less_real_than_its_site() -> None:
    accepted(site("") + container('status = "studied"\nlifecycle = "declared"\n'))


@pytest.mark.parametrize("lifecycle", ["in_service", "maintenance"])
def test_what_does_not_operate_yet_is_not_in_service(lifecycle: str) -> None:
    text = f'status = "announced"\nlifecycle = "{lifecycle}"\n'
    (line,) = added(site("") + container(text))
    told = f"containers[2].lifecycle: is {lifecycle} while its status is announced; say lifecycle"
    assert line.startswith(f"net.toml:23: {told}")
    accepted(site("simulated = true\n") + container(text))
    accepted(site("") + container(text + "simulated = true\n"))


def test_a_retired_container_may_have_any_status() -> None:
    accepted(site("") + container('status = "contracted"\nlifecycle = "retired"\n'))


def test_what_is_assumed_is_a_field_also_of_a_part() -> None:
    cooling = '[[sites.cooling]]\nkind = "river"\nassumed = ["share"]\n'
    accepted(site('assumed = ["zone", "country"]\n' + cooling))
    accepted(site("") + container('assumed = ["capacity.gpus", "capacity"]\n'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (site('assumed = ["zoen"]\n'),
         "net.toml:18: sites[2].assumed[1]: 'zoen' is no field of this; did you mean zone?"),
        (site('[[sites.cooling]]\nkind = "river"\nassumed = ["cop"]\n'),
         "net.toml:20: sites[2].cooling[1].assumed[1]: 'cop' is no field"),
        (site("") + container('assumed = ["capacity.gpu"]\n'),
         "net.toml:22: containers[2].assumed[1]: 'capacity.gpu' is no field of this; did you"),
        (site('assumed = ["status"]\n'), "net.toml:18: sites[2].assumed[1]: 'status' is no field"),
        (site('assumed = ["zone.name"]\n'), "net.toml:18: sites[2].assumed[1]: 'zone.name' is no"),
    ],
)  # fmt: skip
def test_what_is_assumed_of_nothing_is_told(text: str, told: str) -> None:
    (line,) = added(text)
    assert line.startswith(told)


def test_ways_of_cooling_carry_no_more_than_all_of_the_heat() -> None:
    river = '[[sites.cooling]]\nkind = "river"\nshare = 0.8\n'
    dry = '[[sites.cooling]]\nkind = "dry_cooler"\nshare = 0.4\n'
    (line,) = added(site(river + dry))
    assert line.startswith("net.toml:18: sites[2].cooling: the shares add up to 120 %, a whole is")
    accepted(site(river + dry + 'status = "studied"\n'))
