"""No use is covered twice, and no container is come by twice."""

import pytest

from tests.build.network import accepted, added


def energy(name: str, share: float, more: str = "") -> str:
    head = f'[[energy]]\nid = "{name}"\nsites = ["cannes"]\nkind = "ppa"\n'
    return f"{head}share = {share}\n{more}"


def term(begins: str, ends: str) -> str:
    return f"begins = {begins}\nends = {ends}\n"


def purchase(name: str, more: str) -> str:
    return f'[[purchases]]\nid = "{name}"\ncontainers = ["cannes/c1"]\n{more}'


RENTAL = 'kind = "rental"\neuros_per_month = 1\n'


def test_contracts_that_cover_more_than_all_at_once_are_told() -> None:
    (line,) = added(energy("a", 0.7) + energy("b", 0.5))
    told = "with a, 120 % of the use of cannes is covered; lower the shares to 100 %, or part"
    assert line.startswith(f"net.toml:23: energy[2].share: {told} the terms")


def test_three_contracts_overlap_only_on_some_days() -> None:
    first = energy("a", 0.5, term("2026-01-01", "2027-01-01"))
    second = energy("b", 0.5, term("2026-06-01", "2028-01-01"))
    (line,) = added(energy("c", 0.4, "begins = 2026-12-31\n") + first + second)
    assert "energy[3].share: with c, a, 140 % of the use of cannes" in line


@pytest.mark.parametrize(
    "text",
    [
        energy("a", 0.6) + energy("b", 0.4),
        energy("a", 1, term("2026-01-01", "2027-01-01"))
        + energy("b", 1, term("2027-01-01", "2028-01-01")),
        energy("a", 1) + energy("b", 1, 'status = "studied"\n'),
    ],
    ids=["shares of a whole", "one after the other", "a study beside what there is"],
)
def test_contracts_that_share_the_use_are_fine(text: str) -> None:
    accepted(text)


def test_a_term_ends_after_it_begins() -> None:
    (line,) = added(energy("a", 1, term("2026-01-01", "2026-01-01")))
    told = "is 2026-01-01, not after it begins, 2026-01-01"
    assert line == f"net.toml:20: energy[1].ends: {told}"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('kind = "purchase"\neuros = 1\n', "years: a purchase needs it: give euros and years"),
        ('kind = "purchase"\nyears = 1\n', "euros: a purchase needs it: give euros and years"),
        ('kind = "rental"\neuros = 1\n', "euros_per_month: a rental needs it: give euros_per"),
    ],
)
def test_a_purchase_has_a_price_and_years_a_rental_a_rent(more: str, told: str) -> None:
    (line,) = added(purchase("p", more))
    assert line.startswith(f"net.toml:14: purchases[1].{told}")


def test_a_container_is_come_by_once() -> None:
    (line,) = added(purchase("p", RENTAL) + purchase("q", RENTAL))
    told = "'cannes/c1' is in 'p' already; it is come by once"
    assert line == f"net.toml:21: purchases[2].containers[1]: {told}"
    accepted(purchase("p", RENTAL) + purchase("q", RENTAL + 'status = "studied"\n'))


def test_a_certificate_expires_after_it_was_issued() -> None:
    text = '[[qualifications]]\nsubject = "op"\nscheme = "S"\n'
    (line,) = added(text + "issued = 2026-02-01\nexpires = 2026-01-01\n")
    assert line == (
        "net.toml:18: qualifications[1].expires: is 2026-01-01, not after it was issued, 2026-02-01"
    )
