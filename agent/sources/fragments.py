"""Fragments of erasure-coded stores that lie in directories of this host: an inventory of each.

The work is done by threads of `agent.fragments.keeper`, which also tell the upstreams; this says
how they stand.
"""

from typing import TYPE_CHECKING, Final

from agent.identity import home
from agent.source import LIMIT_SECONDS, Found, Read, Run, grant
from vigie.catalogue import Fragments
from vigie.errors import Absent, SourceFailed, StoreError
from vigie.frame import Happening
from vigie.settings import AgentSettings
from vigie.shape import Field, Value
from vigie.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:  # what it needs is imported where it is opened
    from agent.fragments.keeper import Keeper

NANOSECONDS_PER_MICROSECOND: Final = 1_000
PATIENCE_SECONDS: Final = 2.0
"""How long opening waits for the inventories, which may be large."""
FOLDER: Final = "fragments"
_RIGHT: Final = "CAP_DAC_READ_SEARCH, where the store keeps others out"


class FragmentsKeeper:
    """Keeps the inventories of the stores that the settings name, and says how they stand."""

    name = "fragments"
    measurements = (Fragments,)
    runs: tuple[Run, ...] = ()
    period_seconds = Fragments.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = True

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._keepers: list[Keeper] = []
        self.reads = _reads(settings)

    def open(self) -> None:
        """Begin to keep."""
        from agent.fragments.keeper import Keeper

        self.close()
        if not self._settings.fragments:
            raise Absent("no store of fragments is named in the settings (agent.fragments)")
        self._keepers = [Keeper(self._settings, store) for store in self._settings.fragments]
        for keeper in self._keepers:
            keeper.start(PATIENCE_SECONDS / len(self._keepers))

    def close(self) -> None:
        """End the threads; what they found is written down."""
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.close()

    def read(self, now: int) -> Found:
        """One row a store and scheme; none of a store that is not kept yet."""
        if not self._keepers:
            raise SourceFailed("closed", "fragments: read before open")
        from agent.fragments import stand

        columns: dict[Field, list[Value]] = {}
        happenings: list[Happening] = []
        for keeper in self._keepers:
            try:
                there = stand.stand(keeper, now / NANOSECONDS_PER_SECOND)
                told = stand.rows(keeper.store, there, now / NANOSECONDS_PER_SECOND)
                happenings += stand.happenings(keeper, now // NANOSECONDS_PER_MICROSECOND)
            except StoreError as error:
                raise SourceFailed("inventory", str(error)) from error
            for row in told:
                for field in Fragments.fields[1:]:
                    columns.setdefault(field, []).append(row.get(field))
        troubles = [f"{k.store.name}: {k.trouble}" for k in self._keepers if k.trouble]
        if not columns and troubles:
            raise SourceFailed("not_kept", "; ".join(troubles))
        return Found(columns, happenings)


def _reads(settings: AgentSettings) -> tuple[Read, ...]:
    own = home(settings).absolute()
    roots = [
        read
        for store in settings.fragments
        for root in store.roots
        for read in (
            Read(str(root), f"fragments of {store.name}", right=_RIGHT, grant=grant("fragments")),
            Read(f"{root}/*", "what lies in it", right=_RIGHT, optional=True),
        )
    ]
    return (
        *roots,
        Read(f"{own / FOLDER}", "the inventories, which it writes", optional=True),
        Read(f"{own / FOLDER}/*", "likewise", optional=True),
        Read(f"{own}/credential", "whom to tell the upstreams that it is", optional=True),
        Read(f"{own}/fragments.key", "what hides the names of objects", optional=True),
        Read("/proc/diskstats", "how busy a disk is", optional=True),
        Read("/proc/self/mountinfo", "which disk is under a root", optional=True),
        Read("/sys/dev/block/*", "likewise", optional=True),
    )


def source(settings: AgentSettings) -> FragmentsKeeper:
    """The source."""
    return FragmentsKeeper(settings)
