"""`vigie store hold add | list | lift`: what may not expire."""

import argparse
from datetime import UTC, datetime
from typing import Final

from vigie.commands import asking, printing
from vigie.replies import Cell, Hold, Holds

EXAMPLES: Final = """\
examples:
  vigie store hold add sables --from 2026-03-01T00:00Z --to 2026-04-01T00:00Z \\
      --reason "fire of 12 March, insurer's file 4711" --owner "legal department"
  vigie store hold add perimeter:france --from 30d --reason "inquiry" --owner "A. Martin"
  vigie store hold list
  vigie store hold lift hold-1a2b3c4d --note "file 4711 is closed"

Placing and lifting need an auditor's own token, in $VIGIE_TOKEN.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the acts."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="hold_act", required=True, metavar="ACT")
    form = argparse.RawDescriptionHelpFormatter
    place = acts.add_parser("add", help="hold data until it is lifted", epilog=EXAMPLES,
                            formatter_class=form)  # fmt: skip
    place.add_argument("scope", help='path, "" for all, or perimeter:ID as it is now')
    place.add_argument(
        "--from", dest="start", required=True, metavar="TIME", help="RFC 3339, or how long ago"
    )
    place.add_argument(
        "--to", dest="end", metavar="TIME", help="likewise; default: what is to come is held too"
    )
    place.add_argument("--reason", required=True, help="why")
    place.add_argument("--owner", required=True, help="who answers for it")
    listing = acts.add_parser("list", help="every hold, lifted ones too", epilog=EXAMPLES,
                              formatter_class=form)  # fmt: skip
    lift = acts.add_parser("lift", help="let data expire in its time again", epilog=EXAMPLES,
                           formatter_class=form)  # fmt: skip
    lift.add_argument("id", help="as vigie store hold list shows it")
    lift.add_argument("--note", required=True, help="why")
    for act in (place, listing, lift):
        asking.add(act)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and print what is held."""
    with asking.client(arguments) as client:
        if arguments.hold_act == "list":
            answer = client.get(Holds, "holds")
            if arguments.json:
                printing.dump(answer)
                return 0
            print(printing.table([row(hold) for hold in answer.holds], empty="nothing is held"))
            return 0
        if arguments.hold_act == "lift":
            done = client.post(Hold, f"holds/{arguments.id}/lift", {"note": arguments.note})
        else:
            now = datetime.now(UTC)
            done = client.post(Hold, "holds", {
                "scope": arguments.scope, "reason": arguments.reason, "owner": arguments.owner,
                "from_time": asking.moment(arguments.start, now),
                "to_time": asking.moment(arguments.end, now) if arguments.end else None,
            })  # fmt: skip
    if arguments.json:
        printing.dump(done)
    else:
        print(printing.record({name: printing.cell(cell) for name, cell in row(done).items()}))
    return 0


def row(hold: Hold) -> dict[str, Cell]:
    """One hold as a line."""
    placed, *lifted = hold.acts
    return {
        "hold": hold.id,
        "state": hold.state,
        "scope": hold.scope or "everything",
        "from": hold.from_time,
        "to": hold.to_time or "open",
        "reason": hold.reason,
        "owner": hold.owner,
        "placed": f"{printing.cell(placed.time)} by {placed.person}",
        "lifted": f"{printing.cell(lifted[0].time)} by {lifted[0].person}: {lifted[0].note}"
        if lifted
        else "",
    }
