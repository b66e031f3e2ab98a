"""What the header of every screen shows: the network, its version, its fault, how new data is."""

from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

from dashboard.format import moment, seconds_of
from dashboard.text import say
from vigie.replies import Container, Containers

HASH_SHOWN: Final = 8
"""As many characters of a version as tell it from every other."""


def heading(
    network: Containers, of: Iterable[Container], now: float, language: str, zone: ZoneInfo
) -> dict[str, str | float | None]:
    """The parts of a content that the header is painted from; data is as new as that `of` these."""
    version = network.network_version[:HASH_SHOWN]
    since = network.network_since
    fault = network.network_fault
    return {
        "network": network.network,
        "version": say("network_version", language, version=version)
        if since is None
        else say("network_version_since", language, version=version,
                 time=moment(seconds_of(since), now, zone, language)),
        "fault": say("network_fault", language, why=fault) if fault else "",
        "data_at": newest(of),
    }  # fmt: skip


def newest(containers: Iterable[Container]) -> float | None:
    """When the newest reading of them was taken, in Unix seconds."""
    return max((seconds_of(c.last_seen) for c in containers if c.last_seen), default=None)
