"""What a store is made of, for those who keep it: how full it is, is it sound, copies of it."""

from dataclasses import dataclass
from pathlib import Path

from collector.store.apply import Memory
from collector.store.journal import Journal
from collector.store.tables import Tables
from collector.store.upkeep import Upkeep
from vigie.database import Database
from vigie.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one open store; whoever has them may read, and holds the locks that they name.

    Tables: `tables.writing` while a list of files must not change. Flushes: `upkeep.flushing`.
    """

    directory: Path
    settings: StoreSettings
    database: Database
    tables: Tables
    journal: Journal
    memory: Memory
    upkeep: Upkeep
