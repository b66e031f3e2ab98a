"""What is asked as field values."""

from agent.gpu.fields import NVLINK, NVLINK_5, QUANTITIES, Query, of_links
from vigie.shape import Kind


def test_every_quantity_is_asked_once_in_one_call() -> None:
    for group in (QUANTITIES, NVLINK, NVLINK_5):
        fields = [quantity.field for quantity in group]
        assert len(set(fields)) == len(fields)


def test_ecc_and_the_counters_of_nvlink_5_never_meet_in_one_call() -> None:
    together = {query.number for q in (*QUANTITIES, *NVLINK) for w in q.ways for query in w.queries}
    newer = {query.number for q in NVLINK_5 for w in q.ways for query in w.queries}
    assert not together & newer
    assert not together & set(range(201, 223))


def test_a_zero_counts_where_zero_can_happen() -> None:
    never = {q.field.name for q in QUANTITIES if not q.zero}
    assert never == {
        "energy_joules_total", "power_watts", "power_instant_watts", "module_power_watts",
        "power_limit_watts", "memory_temperature_celsius", "pcie_transmit_bytes_total",
        "pcie_receive_bytes_total",
    }  # fmt: skip


def test_words_have_one_query_and_no_factor() -> None:
    for quantity in QUANTITIES:
        if quantity.field.kind in {Kind.FLAG, Kind.STATE}:
            assert [(len(w.queries), w.factor) for w in quantity.ways] == [(1, 1)]


def test_errors_are_asked_of_all_links_first_and_then_of_each() -> None:
    *_, errors = of_links(2)
    assert [set(way.queries) for way in errors.ways] == [
        {Query(n, 2**32 - 1) for n in (161, 162, 163)},
        {Query(n, link) for n in (161, 162, 163) for link in (0, 1)},
    ]
