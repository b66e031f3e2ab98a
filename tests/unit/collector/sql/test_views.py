from collector.sql.views import named, views
from vigie import catalogue


def test_every_measurement_has_a_view_and_one_of_each_rollup() -> None:
    known = views()
    for measurement in catalogue.MEASUREMENTS:
        assert {measurement.name, f"{measurement.name}_1m", f"{measurement.name}_1h"} <= set(known)
    assert {"events", "containers", "sites"} <= set(known)


def test_the_views_of_a_query_are_those_whose_names_stand_in_it() -> None:
    known = ["gpu", "gpu_1m", "host", "power"]
    assert named("SELECT power_watts FROM GPU g", known) == ["gpu"]
    assert named('FROM "gpu_1m" JOIN host USING (container)', known) == ["gpu_1m", "host"]
    assert named("SELECT 1", known) == []
