"""`vigie roster check | show`."""

import argparse
import os
import sys
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alerts.receivers import file as receivers
from alerts.roster import days
from alerts.roster.book import Rosterbook
from vigie import settings
from vigie.commands import asking, printing
from vigie.errors import SettingsError
from vigie.network.load import load
from vigie.replies import Cell
from vigie.replies.roster import RosterPost
from vigie.settings import CollectorSettings
from vigie.settings.reading import DEFAULT_FILE

EXAMPLES: Final = """\
examples:
  vigie roster check                    the roster of vigie.toml: every fault, and when nobody is on
  vigie roster check roster.toml --receivers receivers.toml --network network.toml
  vigie roster show                     who is on now, and in the next seven days
  vigie roster show --at 2026-12-24T18:00+01:00 --days 14
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    check = acts.add_parser("check", help="Name every fault of a roster; exit 1 when there is one")
    show = acts.add_parser("show", help="Who is on now, and who comes")
    for act in (check, show):
        act.add_argument(
            "file", nargs="?", type=Path, help="the roster; default: that of ./vigie.toml"
        )
        act.add_argument("--json", action="store_true", help="print the answer as JSON")
        act.add_argument(
            "--days", type=int, default=28 if act is check else 7, metavar="N",
            help=f"look so many days ahead, {days.MAX_DAYS} at most [%(default)s]",
        )  # fmt: skip
    check.add_argument(
        "--receivers", type=Path, metavar="FILE",
        help="the receivers that are declared; default: those of ./vigie.toml",
    )  # fmt: skip
    check.add_argument(
        "--network", type=Path, metavar="FILE",
        help="the network whose sites want a post; default: that of ./vigie.toml",
    )  # fmt: skip
    show.add_argument("--at", metavar="TIME", help="RFC 3339, or how long ago; default: now")
    show.add_argument("--post", metavar="ID", help="this post alone")


def run(arguments: argparse.Namespace) -> int:
    """Do it: 0 fine, 1 a finding."""
    if not 0 < arguments.days <= days.MAX_DAYS:
        raise SettingsError(f"--days: 1 to {days.MAX_DAYS} are wanted, got {arguments.days}")
    return _check(arguments) if arguments.act == "check" else _show(arguments)


def _check(arguments: argparse.Namespace) -> int:
    told = _settings()
    named, network = arguments.receivers or told.receivers, arguments.network or told.network
    names = None if named is None else [r.name for r in receivers.load(named)]
    now = datetime.now(UTC).timestamp()
    try:
        book = _opened(arguments.file or told.roster, names, now)
    except SettingsError as error:
        return _faulty(str(error).splitlines(), as_json=arguments.json)
    found = [line for fault in book.faults.values() for line in fault.splitlines()]
    found += days.holes(book.current, now, arguments.days)
    if network is not None:
        sites = [(site.id, site.operator) for site in load(network).sites]
        found += days.unwatched(book.current, sites)
    if found:
        return _faulty(found, as_json=arguments.json)
    posts, people = len(book.current.posts), len(book.current.people)
    if arguments.json:
        printing.dump({"faults": [], "posts": posts, "people": people})
    else:
        print(f"fine: {posts} posts, {people} people; somebody is on for {arguments.days} days")
    return 0


def _faulty(found: Collection[str], *, as_json: bool) -> int:
    if as_json:
        printing.dump({"faults": list(found)})
    else:
        print("\n".join(found), file=sys.stderr)
    return 1


def _show(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    at = now.timestamp()
    if arguments.at is not None:
        at = datetime.fromisoformat(asking.moment(arguments.at, now)).timestamp()
    book = _opened(arguments.file or _settings().roster, None, at)
    posts = days.posts(book.current, at, arguments.days)
    if arguments.post is not None:
        posts = [post for post in posts if post.id == arguments.post]
        if not posts:
            known = ", ".join(post.id for post in book.current.posts)
            raise SettingsError(f"--post: no post is called {arguments.post!r}; known are: {known}")
    if arguments.json:
        printing.dump([asdict(post) for post in posts])
    else:
        print("\n\n".join(_told(post) for post in posts))
    for fault in book.faults.values():
        print(fault, file=sys.stderr)
    return int(bool(book.faults))


def _told(post: RosterPost) -> str:
    """One post as tables."""
    quiet = f" · quiet until {post.quiet_until}" if post.quiet_until else ""
    now: list[dict[str, Cell]] = [
        {
            "level": level.name,
            "on now": _people(level.people, backup=level.backup),
            "until": level.until,
            "called first": ", ".join(level.first),
            "then": ", ".join(level.then),
        }
        for level in post.levels
    ]
    ahead: list[dict[str, Cell]] = [
        {
            "from": turn.start,
            "until": turn.end,
            "level": level.name,
            "on": _people(turn.people, backup=turn.backup),
        }
        for level in post.levels
        for turn in level.turns
    ]
    title = f"{post.name} ({post.id}) · {post.timezone}{quiet}"
    return f"{title}\n\n{printing.table(now)}\n\n{printing.table(ahead)}"


def _people(people: Collection[str], *, backup: bool) -> str:
    if not people:
        return "NOBODY"
    return ", ".join(people) + (" (backup)" if backup else "")


def _opened(path: Path | None, names: Collection[str] | None, at: float) -> Rosterbook:
    """The roster, with its calendars as they are at an instant.

    Raises:
        SettingsError: it is wrong, or nobody says where it is.
    """
    if path is None:
        raise SettingsError("which roster? name its file, or collector.roster in vigie.toml")
    book = Rosterbook(path, names)
    book.refresh(at)
    return book


def _settings() -> CollectorSettings:
    file = DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    return settings.load(CollectorSettings, file=file, env=os.environ)
