from vigie.network.zones import zones


def test_every_zone_has_both_names() -> None:
    assert all(set(names) == {"fr", "en"} and all(names.values()) for names in zones().values())
