"""What refers to nothing, or is declared again, is told with its line and what was meant."""

import pytest

from tests.build.network import LINES, accepted, added

OWNER = '[[owners]]\nid = "fund"\nname = "Fund"\n'


def table(name: str, *lines: str) -> str:
    """One element of an array of tables; its first line is the third after what is sound."""
    return "\n".join((f"[[{name}]]", *lines, ""))


SITE = ('id = "nice"', 'name = "Nice"')
CONTAINER = ('id = "c2"', 'name = "C2"', 'site = "cannes"')
ENERGY = ('id = "e"', 'kind = "ppa"')
PURCHASE = ('id = "p"', 'kind = "rental"', "euros_per_month = 1")
PLACEMENT = ('id = "p"', 'store = "s"', "k = 1", "n = 2")
PILOT = ('id = "p"', 'name = "P"')
TARGET = ("value = 1", "year = 2030", "adopted = 2026-01-01")
EVIDENCE = ('kind = "exit_drill"', "day = 2026-01-01")
ORGANISATION = "no organisation (operators, owners, suppliers) is called"


@pytest.mark.parametrize(
    ("name", "lines", "wrong", "told"),
    [
        ("sites", (*SITE, 'operator = "op"'), 'owner = "opp"', f"owner: {ORGANISATION} 'opp'"),
        ("sites", (*SITE, 'operator = "op"'), 'landlord = "o"', f"landlord: {ORGANISATION} 'o'"),
        ("sites", SITE, 'operator = "opp"', "operator: no operator is called 'opp'"),
        ("owners", ('id = "f"', 'name = "F"'), 'owners = [{ owner = "opp", ratio = 1 }]',
         f"owners[1]: {ORGANISATION} 'opp'"),
        ("containers", CONTAINER, 'management = ["op", "opp"]', f"management[2]: {ORGANISATION}"),
        ("containers", CONTAINER, 'technology = ["opp"]', f"technology[1]: {ORGANISATION} 'opp'"),
        ("energy", (*ENERGY, 'sites = ["cannes"]'), 'supplier = "opp"',
         f"supplier: {ORGANISATION} 'opp'"),
        ("energy", ENERGY, 'sites = ["canes"]', "sites[1]: no site is called 'canes'"),
        ("purchases", PURCHASE, 'containers = ["cannes/c"]',
         "containers[1]: no container is called 'cannes/c'"),
        ("meters", ('name = "m"', 'role = "site"'), 'container = "cannes/c"',
         "container: no container is called 'cannes/c'"),
        ("tenants", ('id = "t"', 'name = "T"'), 'home = "canes"', "home: no site is called"),
        ("tenants", ('id = "t"', 'name = "T"'), 'acting_for = "opp"',
         "acting_for: no organisation or tenant is called 'opp'"),
        ("perimeters", ('id = "p"', 'name = "P"', 'publisher = "us"'), 'sites = ["canes"]',
         "sites[1]: no site is called 'canes'"),
        ("tenancies", ('id = "t"', "tenants = []"), 'sites = ["canes"]', "sites[1]: no site is"),
        ("tenancies", ('id = "t"',), 'tenants = ["t"]', "tenants[1]: no tenant is called 't'"),
        ("placements", PLACEMENT, 'tenant = "t"', "tenant: no tenant is called 't'"),
        ("placements", PLACEMENT, 'containers = ["cannes/c"]',
         "containers[1]: no site or container is called 'cannes/c'"),
        ("pilots", (*PILOT, "partners = []"), 'stores = ["s"]',
         "stores[1]: no store of a placement is called 's'"),
        ("pilots", (*PILOT, "stores = []", "partners = []"), 'supplier = "opp"',
         f"supplier: {ORGANISATION} 'opp'"),
        ("pilots", (*PILOT, "stores = []"),
         'partners = [{ operator = "opp", container = "cannes/c1" }]',
         "partners[1].operator: no operator is called 'opp'"),
        ("pilots", (*PILOT, "stores = []"),
         'partners = [{ operator = "op", container = "cannes/c" }]',
         "partners[1].container: no container is called 'cannes/c'"),
        ("targets", (*TARGET, 'path = "cannes"'), 'indicator = "pu"',
         "indicator: no indicator is called 'pu'"),
        ("targets", (*TARGET, 'indicator = "pue"'), 'path = "canes"',
         "path: no site, container or perimeter is called 'canes'"),
        ("evidence", EVIDENCE, 'path = "perimeter:coast"',
         "path: no site, container or perimeter is called 'perimeter:coast'"),
        ("qualifications", ('scheme = "S"',), 'subject = "opp"',
         "subject: no organisation, site or container is called 'opp'"),
    ],
)  # fmt: skip
def test_what_refers_to_nothing_is_told(
    name: str, lines: tuple[str, ...], wrong: str, told: str
) -> None:
    (line,) = added(table(name, *lines, wrong))
    nth = 2 if name in {"sites", "containers"} else 1
    assert line.startswith(f"net.toml:{LINES + len(lines) + 2}: {name}[{nth}].{told}")


def test_what_was_meant_is_suggested() -> None:
    (line,) = added(table("energy", *ENERGY, 'sites = ["canes"]'))
    assert line.endswith("did you mean cannes?")


def test_a_scope_is_everything_a_site_a_container_a_host_or_a_perimeter() -> None:
    perimeter = table("perimeters", 'id = "p"', 'name = "P"', 'publisher = "u"', "sites = []")
    for scope in ("", "cannes", "cannes/c1", "cannes/c1/gpu-1", "perimeter:p"):
        evidence = table("evidence", *EVIDENCE, f'path = "{scope}"')
        accepted(perimeter + table("containers", *CONTAINER) + evidence)


def test_a_perimeter_without_its_prefix_is_told_how_to_be_written() -> None:
    perimeter = table("perimeters", 'id = "p"', 'name = "P"', 'publisher = "u"', "sites = []")
    (line,) = added(perimeter + table("evidence", *EVIDENCE, 'path = "p"'))
    assert line.endswith("evidence[1].path: 'p' is a perimeter; write 'perimeter:p'")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OWNER + OWNER, "owners[2].id: 'fund' is declared already at net.toml:14"),
        ('[[suppliers]]\nid = "op"\nname = "S"\n', "suppliers[1].id: 'op' is declared already at"),
        ('[[sites]]\nid = "cannes"\nname = "S"\noperator = "op"\n', "sites[2].id: 'cannes' is"),
        (
            '[[meters]]\ncontainer = "cannes/c1"\nname = "m"\nrole = "site"\n' * 2,
            "meters[2].name: 'cannes/c1/m' is declared already at net.toml:14",
        ),
        (
            table("placements", 'id = "p"', 'store = "s"', "k = 1", "n = 2")
            + table("placements", 'id = "q"', 'store = "s"', "k = 1", "n = 2"),
            "placements[2].store: 's' is declared already at net.toml:14",
        ),
        (
            '[[sites]]\nid = "s"\nname = "S"\noperator = "op"\n'
            + '[[sites.permits]]\nid = "p"\nauthority = "A"\nwater = "W"\n' * 2,
            "sites[2].permits[2].id: 'p' is declared already at net.toml:18",
        ),
    ],
)
def test_nothing_is_declared_twice(text: str, told: str) -> None:
    (line,) = added(text)
    assert f": {told}" in line


def test_a_studied_placement_may_stand_beside_the_one_of_its_store() -> None:
    more = "".join(
        f'[[containers]]\nid = "c{n}"\nname = "C"\nsite = "cannes"\n' for n in range(2, 5)
    )
    placement = table("placements", 'id = "p"', 'store = "s"', "k = 1", "n = 2")
    study = table("placements", 'id = "q"', 'store = "s"', "k = 1", "n = 3", 'status = "studied"')
    accepted(more + placement + study)
