"""Every source of the agent, in the order in which people see them."""

from collections.abc import Callable
from typing import Final

from agent.source import Source
from agent.sources import (
    disk_io,
    disk_smart,
    filesystem,
    fragments,
    gpu_nvml,
    host,
    hwmon,
    ipmi_power,
    ipmi_sensors,
    pool,
    rapl,
    ups_nut,
)
from vigie.settings import AgentSettings

MAKERS: Final[tuple[Callable[[AgentSettings], Source], ...]] = (
    host.source,
    filesystem.source,
    disk_io.source,
    disk_smart.source,
    pool.source,
    fragments.source,
    gpu_nvml.source,
    rapl.source,
    hwmon.source,
    ipmi_power.source,
    ipmi_sensors.source,
    ups_nut.source,
)


def sources(settings: AgentSettings) -> tuple[Source, ...]:
    """All sources as these settings want them; none is open."""
    return tuple(make(settings) for make in MAKERS)
