"""How much may be done, how often, and on what knowledge: the numbers of the guard, per network."""

from dataclasses import dataclass

from vigie.units import SECONDS_PER_DAY, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds, bytes and counts. The defaults err towards doing nothing.

    Source of the figures: what Kubernetes' eviction, Orchestrator, Ceph and the post-mortems of
    GitHub, Google and Meta came to; docs/acting.md tells which is from where.
    """

    inputs_age: float = 60.0
    """Older readings move nothing."""
    reporting: float = 0.9
    """Share of the network's containers that must have told of late."""
    healthy: float = 600.0
    """So long the collector must have been whole."""
    site_changed: float = 0.30
    network_changed: float = 0.20
    changed_within: float = 300.0
    """Shares of containers whose state changed within so many seconds: above, all stands still."""
    running_place: int = 1
    running_network: int = 3
    place_bytes: float = 20e12
    site_bytes: float = 100e12
    network_bytes: float = 300e12
    """In an hour, into or out of one container, one site, the network."""
    cool: float = SECONDS_PER_HOUR
    """Between two actions on the same container."""
    tries: int = 3
    """Of one subject in a day; then a person looks."""
    back: float = SECONDS_PER_DAY
    """So long nothing goes back to where it came from."""
    flaps: float = 3.0
    flap_half: float = 900.0
    """Changes of a container's state, halved each so many seconds, above which it is left alone."""
    two_persons_bytes: float = 50e12
    two_persons_subjects: int = 10_000
    """An action that is larger needs two people."""
