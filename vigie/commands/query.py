"""Readings: the newest, series over time, the state at an instant, energy, what happened."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Final

from vigie import catalogue
from vigie.commands import asking, energy, printing, sql
from vigie.document import suggestion
from vigie.errors import SettingsError
from vigie.replies import Cell, FragmentsReply, Margins, Table
from vigie.shape import Field, Kind, Measurement, Quality

EXAMPLES: Final = """\
examples:
  vigie query latest filesystem --fields available_bytes
  vigie query series host --fields cpu_busy_ratio,load1 --from 1h --step 5m
  vigie query series gpu --fields power_watts --by gpu --agg max --from 2026-01-31T08:00Z
  vigie query latest gpu --fields temperature_celsius --top 20
  vigie query series gpu --fields power_watts --by site --agg p95 --step 1h --from 24h --top 20
  vigie query series gpu --fields power_watts,temperature_celsius --agg sum,p95 --by country
  vigie query series gpu --fields power_watts --top 10 --rank deviation --among container
  vigie query at gpu --at 2026-01-31T08:00Z --scope site/container-3
  vigie query energy gpu --by site --from 2026-01-31T08:00Z --to 2026-01-31T17:30Z
  vigie query events --from 24h
  vigie query fragments --without site/container-3
  vigie query sql "SELECT container, avg(power_watts) FROM gpu
                   WHERE time > now() - INTERVAL 10 MINUTE GROUP BY container"
  vigie query sql "DESCRIBE gpu_1h"
  vigie query sql - --csv < query.sql > rows.csv
"""


ACTS: Final = ("latest", "series", "at", "energy", "events", "fragments", "sql")
_ROUTES: Final = {"at": "state", "energy": "series"}
_PAGE: Final = ("where", "scope", "limit", "cursor")
_ASKED: Final[Mapping[str, Sequence[str]]] = {
    "latest": ("fields", "where", "scope", "top", "rank", "among"),
    "series": ("fields", "by", "agg", "step", "tier", "top", "rank", "among", *_PAGE),
    "energy": ("by", "step", "tier", "top", "rank", "among", *_PAGE),
    "at": ("fields", "age", *_PAGE),
    "events": _PAGE,
}


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=ACTS)
    parser.add_argument(
        "measurement", nargs="?",
        help="as `vigie catalogue` has it; of sql the query, - for standard input",
    )  # fmt: skip
    parser.add_argument("--fields", metavar="A,B", help="fields wanted; default: all")
    parser.add_argument(
        "--where", action="append", metavar="KEY:VALUE", help="only rows with that key; repeatable"
    )
    parser.add_argument(
        "--by", metavar="KEYS", help="one series for each value of these keys, or of levels of "
        "the network: site, region, country, zone, operator, owner, tenant, role",
    )  # fmt: skip
    parser.add_argument(
        "--agg", help="how several values become one: mean, min, max, sum, p95, …; or one a field"
    )
    parser.add_argument(
        "--from", dest="start", metavar="TIME", help="RFC 3339, or how long ago; as 2h"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", help="likewise; default: now")
    parser.add_argument("--step", metavar="DURATION", help="one row each; as 5m")
    parser.add_argument("--tier", choices=("raw", "1m", "1h"), help="the coarsest table to read")
    parser.add_argument("--top", type=int, metavar="N", help="only those whose first field is …")
    parser.add_argument(
        "--rank", choices=("highest", "lowest", "deviation"), help="… [highest], with --top"
    )
    parser.add_argument(
        "--among", metavar="KEY", help="deviation: from the median of those with the same key"
    )
    parser.add_argument("--at", metavar="TIME", help="at: the instant; default: now")
    parser.add_argument("--age", metavar="DURATION", help="at: how old a reading may be; as 1h")
    parser.add_argument("--limit", type=int, metavar="ROWS", help="at most so many rows")
    parser.add_argument("--cursor", help="the next page, as the last answer named it")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")
    parser.add_argument(
        "--without", action="append", metavar="PATH",
        help="fragments: were that container or site not there; repeatable",
    )  # fmt: skip
    sql.add(parser)
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the table."""
    if arguments.act == "fragments":
        return _fragments(arguments)
    if arguments.act == "sql":
        return sql.run(arguments)
    path, query = _path(arguments), _query(arguments, datetime.now(UTC))
    field = ""
    if arguments.act == "energy":
        field, query["agg"] = energy.of(arguments.measurement, arguments.fields)
        query["fields"] = field
    with asking.client(arguments) as client:
        answer = client.get(Table, path, **query)
    if field:
        answer = replace(answer, columns=energy.in_kilowatt_hours(answer.columns, field))
    if arguments.json:
        printing.dump(answer)
        return 0
    measurement = catalogue.measurement(arguments.measurement or "")
    columns = worded(measurement, answer.columns) if measurement else answer.columns
    print(printing.table(printing.rows(columns), empty="no rows"))
    print(f"\n{printing.footer(answer)}")
    return 0


def _query(arguments: argparse.Namespace, now: datetime) -> dict[str, object]:
    """What is asked of the route."""

    def moment(given: str | None) -> str | None:
        return asking.moment(given, now) if given else None

    query = {name: getattr(arguments, name) for name in _ASKED[arguments.act]}
    if arguments.act == "at":
        return query | {"at": moment(arguments.at)}
    if arguments.act != "latest":
        query |= {"from": moment(arguments.start), "to": moment(arguments.end)}
    return query


def worded(
    measurement: type[Measurement], columns: Mapping[str, Sequence[Cell]]
) -> dict[str, Sequence[Cell]]:
    """Columns with words where the catalogue has words for numbers: states, bits, quality."""
    shown = dict(columns)
    for field in measurement.values:
        if field.codes and field.name in shown:
            shown[field.name] = [_word(field, cell) for cell in shown[field.name]]
    if "quality" in shown:
        words = list(Quality)
        shown["quality"] = [words[c].value if isinstance(c, int) else c for c in shown["quality"]]
    if "suspect" in shown:
        names = [field.name for field in measurement.fields]
        shown["suspect"] = [_set(names, cell) for cell in shown["suspect"]]
    return shown


def _word(field: Field, cell: Cell) -> Cell:
    if not isinstance(cell, int):
        return cell
    if field.kind is Kind.BITS:
        return _set(field.codes, cell)
    return field.codes[cell] if 0 <= cell < len(field.codes) else cell


def _set(names: Sequence[str], cell: Cell) -> Cell:
    """The names of the bits that are set."""
    if not isinstance(cell, int):
        return cell
    return " ".join(name for n, name in enumerate(names) if cell >> n & 1)


def _fragments(arguments: argparse.Namespace) -> int:
    """What is held of each host's fragments, then the objects by how far they are from lost."""
    query = {"scope": arguments.scope, "without": arguments.without}
    with asking.client(arguments) as client:
        answer = client.get(FragmentsReply, "fragments", **query)
    if arguments.json:
        printing.dump(answer)
        return 0
    hosts = [{k: v for k, v in asdict(i).items() if k != "simulated"} for i in answer.inventories]
    print(printing.table(hosts, empty="nobody told of fragments"))
    if answer.margins is not None:
        print(f"\n{printing.table(list(margin_rows(answer.margins)), empty='no objects')}")
    parts = [f"as of {answer.as_of}"]
    if not answer.complete:
        parts.append("INCOMPLETE: buckets or changes are still to come")
    if any(i.simulated for i in answer.inventories):
        parts.append("SIMULATED, in part or all")
    if answer.margins is None:
        parts.append("margins are for those who may see the whole network")
    print(f"\n{' · '.join(parts)}")
    return 0


def margin_rows(margins: Iterable[Margins]) -> Iterator[dict[str, Cell]]:
    """A row for each store, code and margin, the worst first."""
    for one in margins:
        for margin in sorted(one.margins, key=lambda m: m.margin):
            yield {
                "store": one.store,
                "scheme": one.scheme,
                "margin": f"{margin.margin} LOST" if margin.margin < 0 else str(margin.margin),
                "objects": margin.objects,
                "share": f"{margin.objects / one.objects:.4%}",
                "containers_tolerated": one.containers_tolerated,
            }


def _path(arguments: argparse.Namespace) -> str:
    if arguments.act == "events":
        if arguments.measurement:
            raise SettingsError("events: all of them are in one table; use --where code:gap")
        return "events"
    known = [declared.name for declared in (*catalogue.MEASUREMENTS, *catalogue.OWN)]
    if arguments.act == "latest":
        known += [declared.name for declared in catalogue.INVENTORIES]
    if arguments.measurement is None:
        raise SettingsError(f"{arguments.act}: of which measurement? {', '.join(known)}")
    if arguments.measurement not in known:
        wrong = f"no measurement is called {arguments.measurement!r}"
        raise SettingsError(f"{wrong}; {suggestion(arguments.measurement, known)}")
    return f"{_ROUTES.get(arguments.act, arguments.act)}/{arguments.measurement}"
