"""The page of the views that SQL sees, written from where they are declared."""

from typing import Final

from collector.sql.views import View, views
from tools import reference

FOLDER: Final = reference.FOLDER
MINUTES, HOURS = "_1m", "_1h"
UNITS: Final = {
    "covered": "seconds", "seconds": "seconds", "true_seconds": "seconds", "gap": "seconds",
    "count": "", "resets": "", "first_time": "", "last_time": "",
}  # fmt: skip
"""What a window's column has for a unit, beside that of its field."""


def page() -> str:
    """Every view with its columns."""
    about = (
        "What `vigie query sql` and `POST /api/v1/sql` see ([how to ask](../sql.md)). Fields, "
        "codes and the bits of `suspect` are those of [the measurements](measurements.md). A "
        "window has, of a gauge, the least, largest, sum, count, first and last reading, the "
        "integral over time and the seconds covered; of a counter its increase, resets and the "
        "seconds of gaps; of states and bits the seconds of each code or bit, in their order."
    )
    shown = [view for view in views().values() if not view.name.endswith(HOURS)]
    return reference.page("Views", about, *(_view(view) for view in shown))


def _view(view: View) -> str:
    heads = ("Column", "Type", "Unit")
    rows = [(f"`{f.name}`", str(f.type), _unit(view, f.name)) for f in view.schema]
    about = view.doc
    if view.name.endswith(MINUTES):
        hours = view.name.removesuffix(MINUTES) + HOURS
        about += f" `{hours}` has the same columns, of windows of 3600 s."
    return "\n\n".join([f"## {view.name}", about, reference.table(heads, rows)])


def _unit(view: View, column: str) -> str:
    """The unit of a column, where it has one."""
    if view.measurement is None:
        return {"power_watts": "watts", "storage_bytes": "bytes"}.get(column, "")
    for field in sorted(view.measurement.values, key=lambda f: -len(f.name)):
        if column == field.name:
            return field.unit.suffix
        if column.startswith(f"{field.name}_"):
            suffix = column.removeprefix(f"{field.name}_")
            if suffix == "integral":
                return f"{field.unit.suffix} seconds".strip()
            return UNITS.get(suffix, field.unit.suffix)
    return ""


PAGES: Final = ((f"{FOLDER}/views.md", page),)
