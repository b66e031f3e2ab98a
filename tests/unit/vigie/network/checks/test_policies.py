"""Who may use a site, and who offers what in a pilot."""

import pytest

from tests.build.network import SOUND, accepted, added, faults, sound

TOWN = '[[tenants]]\nid = "town"\nname = "T"\nkind = "public"\n'
SERVES = SOUND.replace('zone = "FR"', 'serves = ["public", "inhabitants"]')
TENANCY = '[[tenancies]]\nid = "t"\ntenants = ["town", "shop"]\nsites = ["cannes"]\n'


def shop(more: str = "") -> str:
    return f'[[tenants]]\nid = "shop"\nname = "S"\nkind = "company"\n{more}'


def partner(operator: str, container: str) -> str:
    return f'{{ operator = "{operator}", container = "{container}" }}'


def pilot(*partners: str) -> str:
    rows = ", ".join(partners)
    return f'[[pilots]]\nid = "p"\nname = "P"\nstores = []\npartners = [{rows}]\n'


def test_a_company_on_a_public_site_acts_for_a_public_body() -> None:
    (line,) = faults(SERVES + TOWN + shop() + TENANCY)
    told = "'shop' is of kind company, and cannes serves public, inhabitants; name whom it acts"
    assert line.startswith(f"net.toml:24: tenancies[1].tenants[2]: {told}")
    sound(SERVES + TOWN + shop('acting_for = "town"\n') + TENANCY)
    sound(SOUND + TOWN + shop() + TENANCY)


def test_a_company_at_home_on_a_public_site_acts_for_a_public_body() -> None:
    (line,) = faults(SERVES + shop('home = "cannes"\n'))
    assert "tenants[1].home: 'shop' is of kind company, and cannes serves" in line


def test_a_company_acts_for_no_company() -> None:
    for body in ("op", "shop"):
        (line,) = added(shop(f'acting_for = "{body}"\n'))
        told = f"{body!r} is no public body; name one, or leave it out"
        assert line == f"net.toml:18: tenants[1].acting_for: {told}"


def test_a_public_body_may_be_an_organisation() -> None:
    accepted(
        '[[owners]]\nid = "metro"\nname = "M"\nkind = "public"\n' + shop('acting_for = "metro"\n')
    )


def test_a_site_serves_kinds_that_there_are() -> None:
    (line,) = faults(SERVES.replace("inhabitants", "inhabitant"))
    assert line.startswith("net.toml:9: sites[1].serves: 'inhabitant' is not one of the words; did")


OTHER = '[[operators]]\nid = "other"\nname = "O"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            OTHER + pilot(partner("other", "cannes/c1")),
            "net.toml:21: pilots[1].partners[1]: cannes/c1 is operated by 'op', not by 'other'",
        ),
        (
            pilot(partner("op", "cannes/c1"), partner("op", "cannes/c1")),
            "net.toml:18: pilots[1].partners[2]: cannes/c1 is a partner's already; each offers its",
        ),
    ],
)
def test_partners_offer_what_they_operate_once(text: str, told: str) -> None:
    (line,) = added(text)
    assert line.startswith(told)
