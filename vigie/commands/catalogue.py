"""The catalogue: every measurement, or every field of one. It asks nobody."""

import argparse
from typing import Final

from vigie import catalogue
from vigie.commands import printing
from vigie.document import suggestion
from vigie.errors import SettingsError
from vigie.replies import Cell

EXAMPLES: Final = """\
examples:
  vigie catalogue
  vigie catalogue gpu --language fr
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("measurement", nargs="?", help="name of a measurement; default: all")
    parser.add_argument("--language", choices=("fr", "en"), default="en", help="[%(default)s]")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    rows = (
        _fields(arguments.measurement, arguments.language)
        if arguments.measurement
        else _measurements(arguments.language)
    )
    if arguments.json:
        printing.dump(rows)
    else:
        print(printing.table(rows))
    return 0


def _measurements(language: str) -> list[dict[str, Cell]]:
    return [
        {
            "measurement": m.name,
            "label": m.fr if language == "fr" else m.en,
            "every": f"{m.period_seconds:g} s",
            "keys": ", ".join(k.name for k in m.keys),
            "fields": len(m.values),
            "about": m.doc,
        }
        for m in catalogue.MEASUREMENTS
    ]


def _fields(name: str, language: str) -> list[dict[str, Cell]]:
    found = catalogue.measurement(name)
    if found is None:
        known = [m.name for m in catalogue.MEASUREMENTS]
        raise SettingsError(f"no measurement is called {name!r}; {suggestion(name, known)}")
    return [
        {
            "field": f.name,
            "kind": str(f.kind),
            "unit": f.unit.ucum,
            "label": f.label(language),
            "about": f.doc,
        }
        for f in found.fields
    ]
