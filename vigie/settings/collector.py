"""What the collector can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from vigie.document import Duration, Misfit, Size, Within, duration_text
from vigie.settings.retention import Retention
from vigie.settings.setting import DATA, Address, setting


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Journal, tail and tables."""

    sync: Duration = setting(0.02, "Longest wait of a frame for the sync of its group.")
    flush: Duration = setting(60.0, "How often the tail becomes table files.")
    tail_bytes: Size = setting(512 * 10**6, "Memory of the tail; flushed early when reached.")
    late_limit: Duration = setting(
        7 * 86_400.0, "Rows later than this are stored and touch no rollup."
    )
    reserve_bytes: Size = setting(10**9, "Free disk below which intake answers 503.")
    retention: Retention = setting(Retention, "How long each table keeps its rows.")

    def __post_init__(self) -> None:
        where, shortest = self.retention.shortest_raw
        if self.late_limit > shortest:
            raise Misfit(
                "late_limit",
                f"is longer than retention.{where}, {duration_text(shortest)}: a late row's "
                "hour could not be computed again; shorten it, or keep raw rows longer",
            )


@dataclass(frozen=True, slots=True)
class GridSettings:
    """Who is asked for the electricity of grids; without an answer, the packaged table serves."""

    providers: tuple[Literal["rte", "energy-charts", "electricity-maps"], ...] = setting(
        (), "Whom to ask, the most trusted first; empty: nobody, the packaged table alone."
    )
    every: Duration = setting(900.0, "How often they are asked.")
    back: Duration = setting(2 * 86_400.0, "How far back they are asked each time.")
    rte: str = setting("https://odre.opendatasoft.com", "Root of RTE's open data.")
    energy_charts: str = setting("https://api.energy-charts.info", "Root of energy-charts.")
    electricity_maps: str = setting("https://api.electricitymaps.com", "Root of Electricity Maps.")
    electricity_maps_token: Path | None = setting(None, "File with the token for Electricity Maps.")


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """The collector: intake, store, alerts and API."""

    PROGRAM: ClassVar[str] = "collector"

    data: Path = setting(DATA, "Data directory; the collector's part is DATA/collector.")
    listen: Address = setting("127.0.0.1:8051", "Where the API is served.")
    network: Path | None = setting(
        None, "Network file, or folder of such files; default: this host alone."
    )
    twin: bool = setting(
        False, "Watch the packaged reference network too, which `vigie twin` plays."
    )
    rules: Path | None = setting(None, "Folder of rule files beside the packaged ones.")
    receivers: Path | None = setting(None, "File that declares who is notified; default: nobody.")
    roster: Path | None = setting(
        None, "File that says who is on and who is called next; default: everybody is told."
    )
    gates: Annotated[int, Within(0, 32)] = setting(
        0, "Processes that read what senders post; 0: the collector reads it itself."
    )
    store: StoreSettings = setting(StoreSettings, "Journal, tail and tables.")
    grid: GridSettings = setting(GridSettings, "Who is asked for the electricity of grids.")
