"""What a container is made of, at the scale that is played."""

import dataclasses

import pytest

from tests.build.playing import network
from twin.hall.build import GPUS_A_HOST, build
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Capacity, Container, Cooling


def with_container(of: Network, **more: object) -> Container:
    changed: Container = dataclasses.replace(of.containers[0], **more)  # type: ignore[arg-type]
    return changed


def test_scale_shrinks_what_is_played_and_full_does_not() -> None:
    of = network()
    whole = with_container(of, capacity=Capacity(2e6, 1_000, 18 * 10**15), hosts=125, scale=0.1)
    few, many = (build(of, whole, full=full) for full in (False, True))
    assert (few.gpus, few.hosts, few.disks) == (100, 12, 100)
    assert (many.gpus, many.hosts, many.disks) == (1_000, 125, 1_000)
    assert few.rated_watts == pytest.approx(many.rated_watts / 10, rel=0.05)


def test_boards_are_limited_to_what_the_place_can_feed() -> None:
    of = network()
    small = build(of, with_container(of, capacity=Capacity(power_watts=16e3, gpus=16)), full=True)
    wide = build(of, with_container(of, capacity=Capacity(power_watts=40e3, gpus=16)), full=True)
    assert small.gpu_limit_watts < 700 == wide.gpu_limit_watts
    assert wide.it_watts < wide.rated_watts


def test_disks_lie_where_there_are_no_gpus_if_anywhere() -> None:
    of = network()
    mixed = build(of, with_container(of, hosts=5), full=True)
    assert (mixed.gpu_hosts, mixed.first_disk_host) == (2, 2)
    tight = build(of, with_container(of, hosts=2), full=True)
    assert (tight.gpu_hosts, tight.first_disk_host) == (2, 0)
    assert mixed.per_host == GPUS_A_HOST


def test_a_container_for_storage_has_no_gpus_unless_declared() -> None:
    of = network(gpus=None)
    assert build(of, with_container(of, role="storage"), full=True).gpus == 0
    assert build(of, with_container(of, role="compute"), full=True).gpus > 0


def test_a_cooling_that_is_only_studied_is_not_played() -> None:
    declared = (
        Cooling(kind="chiller"), Cooling(kind="immersion", status=Status.STUDIED),
    )  # fmt: skip
    of = network(cooling=declared)
    assert [c.kind for c in build(of, of.containers[0], full=True).cooling] == ["chiller"]
