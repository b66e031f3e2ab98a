"""The network's key for the names of objects: made once, and the same for every agent.

It stands in the state database, which has a backup: with another key every object would have
another name, and nothing that was told before would fit what is told after.
"""

import secrets
from typing import Final

from vigie.database import Database, Table
from vigie.fragments import KEY_BYTES

TABLES: Final = (Table("fragment_key", "id INTEGER PRIMARY KEY CHECK (id = 1), key TEXT NOT NULL"),)


def key(database: Database) -> str:
    """The key, in hex."""
    with database.write() as write:
        write.execute(
            "INSERT OR IGNORE INTO fragment_key VALUES (1, ?)", (secrets.token_hex(KEY_BYTES),)
        )
        return str(write.execute("SELECT key FROM fragment_key").fetchone()["key"])
