"""What each program can be told, once: one frozen dataclass per program, from one `vigie.toml`.

Order: flag, then environment (`VIGIE_COLLECTOR_STORE_FLUSH=30s`), then file, then default. A
secret is never a setting: a setting names the file that holds it. One program a file.
"""

from vigie.settings.agent import AgentSettings, FragmentStore, Upstream
from vigie.settings.collector import CollectorSettings, GridSettings, StoreSettings
from vigie.settings.dashboard import DashboardSettings
from vigie.settings.reading import (
    DEFAULT_FILE,
    PROGRAMS,
    add_flags,
    describe,
    from_arguments,
    leaves,
    load,
    read,
    spelled,
    variable,
)
from vigie.settings.relay import RelaySettings
from vigie.settings.retention import Kept, Retention
from vigie.settings.setting import DATA, Address, host_port
from vigie.settings.twin import TwinSettings

__all__ = [
    "DATA",
    "DEFAULT_FILE",
    "PROGRAMS",
    "Address",
    "AgentSettings",
    "CollectorSettings",
    "DashboardSettings",
    "FragmentStore",
    "GridSettings",
    "Kept",
    "RelaySettings",
    "Retention",
    "StoreSettings",
    "TwinSettings",
    "Upstream",
    "add_flags",
    "describe",
    "from_arguments",
    "host_port",
    "leaves",
    "load",
    "read",
    "spelled",
    "variable",
]
