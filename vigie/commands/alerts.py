"""`vigie alerts list | load`: what is wrong, and how much alarms ask of those who watch."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vigie.commands import asking, printing
from vigie.replies import AlarmLoad, Alert, Alerts, Cell
from vigie.replies.burden import PostLoad

EXAMPLES: Final = """\
examples:
  vigie alerts list                         what is wrong now, the worst and oldest first
  vigie alerts list --state all --scope paris
  vigie alerts load                         the last day, each post
  vigie alerts load --from 30d --json       for a monthly review
"""


@dataclass(frozen=True, slots=True)
class Act:
    """One word, what declares its options, and what does it."""

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the acts."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    form = argparse.RawDescriptionHelpFormatter
    for name, act in ACTS.items():
        own = acts.add_parser(
            name, help=act.help, description=f"{act.help[0].upper()}{act.help[1:]}.",
            epilog=EXAMPLES, formatter_class=form,
        )  # fmt: skip
        act.add(own)
        asking.add(own, language=name == "list")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    return ACTS[arguments.act].run(arguments)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", default="open", help="open, all, or states with commas [open]")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")


def listed(arguments: argparse.Namespace) -> int:
    """Print what is wrong; 1 where something is."""
    with asking.client(arguments) as client:
        answer = client.get(
            Alerts, "alerts", state=arguments.state, scope=arguments.scope,
            language=arguments.language,
        )  # fmt: skip
    if arguments.json:
        printing.dump(answer)
    else:
        rules = {a.id: a.rule for a in answer.alerts}
        rows: list[dict[str, Cell]] = [
            {
                "alert": a.id, "priority": a.priority,
                "state": a.state + (" blind" if a.blind else ""),
                "since": a.since, "subject": a.subject, "title": a.title, "value": a.value,
                "taken by": a.acknowledged_by or "", "held": _held(a, rules),
                "simulated": "SIMULATED" if a.simulated else "",
            }
            for a in answer.alerts
        ]  # fmt: skip
        print(printing.table(rows, empty="nothing is wrong"))
    return int(any(a.state in {"firing", "acknowledged"} for a in answer.alerts))


def _held(alert: Alert, rules: Mapping[str, str]) -> str:
    """Why nobody is told of an alert, and by which alert; nothing where people are told."""
    if alert.held_by is None:
        return alert.held or ""
    return f"by {rules.get(alert.held_by, 'alert')} {alert.held_by}"


def _add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="start", metavar="TIME", default="24h",
                        help="RFC 3339, or how long ago [%(default)s]")  # fmt: skip
    parser.add_argument("--to", dest="end", metavar="TIME", help="likewise [now]")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")


def load(arguments: argparse.Namespace) -> int:
    """Print the load of every post; 1 where one is more than people bear."""
    now = datetime.now(UTC)
    asked = {
        "from": asking.moment(arguments.start, now),
        "to": asking.moment(arguments.end, now) if arguments.end else None,
        "scope": arguments.scope,
    }
    with asking.client(arguments) as client:
        answer = client.get(AlarmLoad, "alarm-load", **asked)
    if arguments.json:
        printing.dump(answer)
    else:
        print(printing.table([row(post) for post in answer.posts], empty="no alarm"))
        for post in answer.posts:
            print(f"\n{post.post}\n{details(post)}")
        print(f"\n{answer.from_time} to {answer.to_time}, scope {answer.scope or 'all'}")
    return int(any(post.level in {"overdemanding", "unacceptable"} for post in answer.posts))


def row(post: PostLoad) -> dict[str, Cell]:
    """The figures of a post as a line."""
    return {
        "post": post.post,
        "alarms": post.alarms,
        "in 10 min": round(post.rate, 3),
        "p50": post.p50,
        "p95": post.p95,
        "peak": post.peak,
        "level": post.level,
        "floods": len(post.floods),
        "of time": f"{post.flood_share:.1%}",
        "standing": len(post.standing),
        "chattering": len(post.chattering),
        "P1/P2/P3": "/".join(f"{post.priorities.get(p, 0.0):.0%}" for p in ("1", "2", "3")),
        "simulated": f"SIMULATED {post.simulated_share:.0%}" if post.simulated_share else "",
    }


def details(post: PostLoad) -> str:
    """Who makes the load."""
    lines = [
        f"  {actor.alarms:>5} {actor.share:>6.1%}  {actor.rule}  {actor.subject}"
        for actor in post.actors
    ]
    lines += [f"  flood from {f.start} to {f.end or 'now'}: {f.alarms} alarms" for f in post.floods]
    lines += [f"  stands since {s.since}: {s.rule} {s.subject}" for s in post.standing]
    lines += [
        f"  chatters, {c.transitions} times a minute: {c.rule} {c.subject}"
        for c in post.chattering
    ]  # fmt: skip
    return "\n".join(lines)


ACTS: Final[Mapping[str, Act]] = {
    "list": Act("what is wrong, the worst and oldest first", _add_list, listed),
    "load": Act("how much alarms ask of each post: EEMUA 191, ISA-18.2", _add_load, load),
}
