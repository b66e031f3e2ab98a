"""What the relay of a site can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vigie.document import Duration, Size
from vigie.settings.agent import Upstream
from vigie.settings.setting import DATA, Address, setting


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """The relay of one site."""

    PROGRAM: ClassVar[str] = "relay"

    data: Path = setting(DATA, "Data directory; the relay's part is DATA/relay.")
    listen: Address = setting("0.0.0.0:8054", "Where the site's agents send to.")
    upstreams: tuple[Upstream, ...] = setting(
        (Upstream("http://127.0.0.1:8051"),),
        "Collectors to send to; each gets every frame, the first one is asked who may send.",
    )
    spool_bytes: Size = setting(8 * 10**9, "Frames kept on disk while a collector does not answer.")
    spool_age: Duration = setting(72 * 3600.0, "Frames older than this leave the spool.")
