from vigie.network.countries import EU, expanded


def test_the_union_has_27_members_and_not_its_neighbours() -> None:
    assert len(EU) == 27
    assert EU.isdisjoint({"CH", "GB", "NO", "EU", "US"})


def test_the_union_stands_for_its_members_beside_other_countries() -> None:
    assert expanded(("EU", "CH")) == EU | {"CH"}
    assert expanded(("FR",)) == {"FR"}
    assert expanded(()) == frozenset()
