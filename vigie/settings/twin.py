"""What the twin can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from vigie.document import Duration, Size, Within
from vigie.settings.setting import DATA, setting


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """The twin, which plays the agents of simulated containers."""

    PROGRAM: ClassVar[str] = "twin"

    data: Path = setting(DATA, "Data directory; the twin's part is DATA/twin.")
    network: Path | None = setting(None, "Network file or folder; default: the reference network.")
    upstream: str = setting("http://127.0.0.1:8051", "Root of the collector's API.")
    scopes: tuple[str, ...] = setting((), "Paths to play; default: everything simulated.")
    period: Duration = setting(
        5.0, "Time between two ticks of the model; hosts are told at every one, GPUs every 20 s."
    )
    seed: Annotated[int, Within(0, 2**31)] = setting(
        1, "What chance begins with; the same seed plays the same."
    )
    scenario: str = setting("", "Faults to play: a packaged scenario by name, or a file.")
    full: bool = setting(False, "Play every container whole, whatever `scale` it is declared with.")
    history: Duration = setting(
        0.0, "How much past is played before the present, so that charts and KPIs are not empty."
    )
    spool_bytes: Size = setting(256 * 10**6, "Frames kept on disk while the collector is away.")
