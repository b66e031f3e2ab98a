"""Other engines on our tables, each in a process of its own, as their users run them.

    python -m tests.build.engines ENGINE TABLES TABLE COLUMN

prints rows, the sum of a column, and the types of some columns as JSON. What each does here is
what docs/engines.md shows.
"""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tests.house import ROOT

ENGINES: Final = ("polars", "chdb", "pyiceberg", "duckdb")


def read(engine: str, tables: Path, table: str, column: str) -> dict[str, Any]:
    """What an engine reads of a table."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.build.engines", engine, str(tables), table, column],
        capture_output=True, text=True, timeout=50, cwd=ROOT, check=False,
        env={**os.environ, "POLARS_ICEBERG_PLANNER": "pyiceberg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def location(tables: Path, table: str) -> str:
    """The newest metadata file, as the catalog names it."""
    with closing(sqlite3.connect(f"file:{tables / 'catalog.db'}?mode=ro", uri=True)) as catalog:
        row = catalog.execute(
            "SELECT metadata_location FROM iceberg_tables WHERE table_name = ?", (table,)
        ).fetchone()
    return str(row[0])


def _polars(tables: Path, table: str, column: str) -> dict[str, Any]:
    import polars as pl

    rows = pl.scan_iceberg(location(tables, table))
    count, total = rows.select(pl.len(), pl.col(column).sum()).collect().row(0)
    types = {name: str(kind) for name, kind in rows.collect_schema().items()}
    return {"rows": count, "sum": total, "types": types}


def _chdb(tables: Path, table: str, column: str) -> dict[str, Any]:
    import chdb

    os.chdir(tables)  # it reads nothing outside the folder in which it runs
    source = f"icebergLocal('vigie/{table}')"
    ask: Any = chdb.query
    told = ask(f"SELECT count() AS n, sum({column}) AS s FROM {source}", "JSONEachRow")
    types = ask(f"DESCRIBE {source}", "JSONEachRow")
    found = json.loads(str(told))
    described = [json.loads(line) for line in str(types).splitlines()]
    return {
        "rows": int(found["n"]), "sum": found["s"],
        "types": {one["name"]: one["type"] for one in described},
    }  # fmt: skip


def _static(tables: Path, table: str) -> Any:
    from pyiceberg.table import StaticTable

    return StaticTable.from_metadata(location(tables, table))


def _pyiceberg(tables: Path, table: str, column: str) -> dict[str, Any]:
    import pyarrow.compute as pc

    known = _static(tables, table)
    rows = known.scan().to_arrow()
    return {
        "rows": rows.num_rows, "sum": pc.sum(rows.column(column)).as_py(),
        "types": {f.name: str(f.type) for f in rows.schema},
        "position": int(known.current_snapshot().summary["vigie.position"]),
    }  # fmt: skip


def _duckdb(tables: Path, table: str, column: str) -> dict[str, Any]:
    import duckdb

    files = [task.file.file_path for task in _static(tables, table).scan().plan_files()]
    with duckdb.connect() as engine:
        engine.read_parquet(files, union_by_name=True).create_view("rows")
        row = engine.execute(f"SELECT count(*), sum({column}) FROM rows").fetchone()
        types = engine.execute("SELECT column_name, column_type FROM (DESCRIBE rows)").fetchall()
    assert row
    return {"rows": row[0], "sum": row[1], "types": dict(types)}


def main() -> None:
    """One engine, one table."""
    engine, tables, table, column = sys.argv[1:]
    ask = {"polars": _polars, "chdb": _chdb, "pyiceberg": _pyiceberg, "duckdb": _duckdb}[engine]
    json.dump(ask(Path(tables), table, column), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads of an engine may crash while the interpreter ends


if __name__ == "__main__":
    main()
