import pytest

from collector.kpis.meters import Known, Meter, Place, choose, quality_of, total
from collector.kpis.reasons import Reason
from vigie.catalogue import PART_ROLES
from vigie.shape import Quality

HERE = Place("s/c")


def known(
    value: float | None, meter: str = "m", *, role: str = "it", host: str = "none",
    phase: str = "all", method: str = "meter", container: str = "s/c", covered: float = 1.0,
    quality: Quality = Quality.MEASURED,
) -> Known:  # fmt: skip
    return Known(Meter(container, host, meter, role, phase, method), value, covered, quality)


def value(*readings: Known, places: tuple[Place, ...] = (HERE,)) -> float | None:
    return total(readings, places, unread=Reason.NO_READING).value


def test_meters_of_one_role_add() -> None:
    assert value(known(100, "a"), known(50, "b")) == 150


def test_the_widest_role_is_taken_and_nested_roles_are_never_added() -> None:
    watts = {"it": 100, "pdu": 104, "ups": 110, "site": 140}
    readings = tuple(known(said, role=role) for role, said in watts.items())
    found = total(readings, (HERE,), unread=Reason.NO_READING)
    assert (found.value, found.roles) == (140, ("site",))
    assert [value(*readings[:n]) for n in (1, 2, 3)] == [100, 104, 110]


@pytest.mark.parametrize("role", PART_ROLES)
def test_parts_never_stand_for_the_whole(role: str) -> None:
    found = total([known(30, role=role)], (HERE,), unread=Reason.NO_READING)
    assert (found.value, found.reason) == (None, Reason.NO_METER)
    assert value(known(30, "part", role=role), known(100, role="it")) == 100


def test_a_host_that_is_measured_at_many_points_counts_once() -> None:
    readings = (
        known(900, "ipmi:dcmi", host="h", method="gauge", quality=Quality.ESTIMATED),
        known(470, "pmbus:1:pin", role="supply", host="h", method="gauge"),
        known(460, "pmbus:2:pin", role="supply", host="h", method="gauge"),
        known(180, "rapl:package-0", role="cpu", host="h", method="counter"),
        known(30, "rapl:package-0/dram", role="memory", host="h", method="counter"),
        known(500, "GPU-1", role="gpu", host="h", method="counter"),
        known(950, "rapl:psys", role="other", host="h", method="counter"),
    )
    found = total(readings, (HERE,), unread=Reason.NO_READING)
    assert (found.value, found.roles, found.quality) == (900, ("it",), Quality.ESTIMATED)
    assert [k.meter.meter for k in found.used] == ["ipmi:dcmi"]


def test_one_hosts_own_ups_does_not_stand_for_the_others() -> None:
    hosts = [known(900, "ipmi:dcmi", host=host) for host in ("h1", "h2")]
    own = known(950, "ups:desk", role="ups", host="h1")
    assert value(*hosts, own) == 1_800
    assert value(hosts[0], own) == 950
    assert value(*hosts, known(1_900, "ups:room", role="ups")) == 1_900


def test_where_no_role_has_every_host_the_widest_is_the_part_that_is_known() -> None:
    own = known(950, "ups:desk", role="ups", host="h1")
    place = Place("s/c", hosts=("h1", "h2"))
    found = total([own, known(900, host="h2")], (place,), unread=Reason.NO_READING)
    assert (found.value, found.roles, found.covered) == (950, ("ups",), 0.5)


def test_hosts_behind_a_rack_and_its_pdu_count_once() -> None:
    hosts = [known(900, "ipmi:dcmi", host=host) for host in ("h1", "h2")]
    assert value(*hosts) == 1_800
    assert value(*hosts, known(1_850, "rack-1", role="pdu")) == 1_850


def test_containers_are_added_at_the_widest_role_that_all_of_them_have() -> None:
    readings = [
        known(140, role="site", container="a/c"), known(100, role="it", container="a/c"),
        known(50, role="it", container="b/c"),
    ]  # fmt: skip
    both = (Place("a/c"), Place("b/c"))
    assert value(*readings, places=both) == 150
    assert value(*readings, places=both[:1]) == 140


def test_without_a_common_role_each_container_gives_its_widest_and_both_are_named() -> None:
    readings = [
        known(140, role="site", container="a/c"), known(50, role="it", container="b/c")
    ]  # fmt: skip
    found = total(readings, (Place("a/c"), Place("b/c")), unread=Reason.NO_READING)
    assert (found.value, found.roles) == (190, ("site", "it"))


def test_phases_add_unless_all_is_told() -> None:
    phases = [known(10, phase=phase) for phase in ("l1", "l2", "l3")]
    assert value(*phases) == 30
    assert value(*phases, known(31, phase="all")) == 31


def test_a_point_told_by_several_methods_counts_once_by_the_most_trusted_that_speaks() -> None:
    assert value(known(10, method="gauge"), known(11, method="meter")) == 11
    assert value(known(10, method="gauge"), known(None, method="meter")) == 10


def test_a_model_counts_only_where_nothing_else_is_and_is_estimated() -> None:
    model = known(80, "model", host="h", method="model", quality=Quality.ESTIMATED)
    assert value(model, known(75, "psu", host="h")) == 75
    found = total([model], (HERE,), unread=Reason.NO_READING)
    assert (found.value, found.quality) == (80, Quality.ESTIMATED)


def test_the_quality_is_the_worst_of_what_was_added() -> None:
    readings = [known(1, "a"), known(2, "b", quality=Quality.DERIVED)]
    assert total(readings, (HERE,), unread=Reason.NO_READING).quality is Quality.DERIVED


@pytest.mark.parametrize(
    ("method", "code", "integrated", "quality"),
    [
        ("meter", 0, False, Quality.MEASURED),
        ("gauge", 0, True, Quality.DERIVED),
        ("model", 0, False, Quality.ESTIMATED),
        ("meter", Quality.DECLARED.code, False, Quality.DECLARED),
    ],
)
def test_quality_comes_from_the_way_of_knowing_and_from_the_rows(
    method: str, code: int, integrated: bool, quality: Quality
) -> None:
    assert quality_of(known(1, method=method).meter, code, integrated=integrated) is quality


def test_what_is_not_covered_is_said_and_never_scaled_up() -> None:
    found = total([known(100, covered=0.5)], (HERE, Place("s/dark")), unread=Reason.NO_READING)
    assert (found.value, found.covered) == (100, 0.25)


def test_a_host_without_a_meter_lowers_the_coverage_where_meters_are_of_hosts() -> None:
    place = Place("s/c", hosts=("h1", "h2", "h3", "h4"))
    one_host = total([known(100, host="h1")], (place,), unread=Reason.NO_READING)
    assert one_host.covered == 0.25
    whole = total([known(400, host="none")], (place,), unread=Reason.NO_READING)
    assert whole.covered == 1


def test_nothing_measures_and_nothing_is_said_are_two_reasons() -> None:
    assert total([], (HERE,), unread=Reason.STALE).reason is Reason.NO_METER
    silent = total([known(None)], (HERE,), unread=Reason.STALE)
    assert (silent.value, silent.reason, silent.covered) == (None, Reason.STALE, 0)
    assert total([known(5)], (), unread=Reason.STALE).reason is Reason.NO_PLACE


def test_a_container_that_is_not_in_service_counts_for_nothing() -> None:
    assert value(known(100), known(50, container="s/retired")) == 100


def test_the_simulated_share_is_by_value() -> None:
    readings = [known(300, container="s/c"), known(100, container="s/twin")]
    places = (HERE, Place("s/twin", simulated=True))
    assert total(readings, places, unread=Reason.STALE).simulated_share == 0.25
    zero = [known(0, container="s/c"), known(0, container="s/twin")]
    assert total(zero, places, unread=Reason.STALE).simulated_share == 0.5


def test_export_is_negative_and_stays_so() -> None:
    assert value(known(100, "in"), known(-30, "pv")) == 70


def test_a_phase_without_all_and_a_meter_without_phases_stand_side_by_side() -> None:
    chosen = choose([known(1, "a", phase="l1"), known(2, "b", phase="all")])
    assert sorted(k.meter.meter for k in chosen) == ["a", "b"]
