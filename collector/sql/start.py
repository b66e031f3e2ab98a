"""How a child is started: what it runs, and all the environment that it is given."""

from typing import Final

CODE: Final = "from collector.sql import child; child.main()"
ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    # One thread until all is given up: what holds for one would not hold for the others.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""Beside where Python finds its modules."""
