"""What the dashboard can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from vigie.settings.setting import DATA, Address, Zone, setting


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """The dashboard of the watch."""

    PROGRAM: ClassVar[str] = "dashboard"

    data: Path = setting(DATA, "Data directory; the dashboard's part is DATA/dashboard.")
    listen: Address = setting("127.0.0.1:8050", "Where the pages are served.")
    api: str = setting("http://127.0.0.1:8051", "Root of the collector's API.")
    language: Literal["fr", "en"] = setting("fr", "Language of a first visit.")
    zone: Zone = setting("Europe/Paris", "Time zone of the watch; UTC always stands beside it.")
