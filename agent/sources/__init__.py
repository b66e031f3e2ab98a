"""Every source of the agent, in the order in which people see them."""

from typing import Final

from agent.source import Source
from agent.sources import disk_io, filesystem, host

SOURCES: Final[tuple[Source, ...]] = (host.SOURCE, filesystem.SOURCE, disk_io.SOURCE)
