"""An inventory that knows what lies in a directory, as after a walk."""

from collections.abc import Callable
from pathlib import Path

from agent.fragments import row
from agent.fragments.inventory import Inventory
from agent.fragments.reader import Reader


def know(
    inventory: Inventory, root: Path, reader: Reader, oid: Callable[[str], bytes], now: float
) -> None:
    """Tell it of every fragment below a root."""
    where = row.where(inventory.root(str(root), "disk").number, 0)
    sightings, schemes = {}, {}
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        path = str(file.relative_to(root))
        piece = reader.piece(path)
        if piece is not None:
            status = file.stat()
            key = row.key(oid(piece.name), piece.idx)
            sightings[key] = row.look(status.st_size, status.st_mtime_ns, where), path
            schemes[key] = inventory.scheme(reader.scheme(str(file)))
    inventory.upsert(inventory.news(sightings), schemes, int(now))
    inventory.merge(int(now))
