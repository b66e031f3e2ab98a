"""`vigie agent run | once | sources | doctor | relay`."""

import argparse
import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import accumulate, zip_longest
from typing import Final, TypeVar

from agent import contract, doctor
from agent.runner import Reading
from agent.service import Agent, periods
from agent.sources import sources as all_sources
from vigie import logs, settings
from vigie.errors import SettingsError, VigieError
from vigie.settings import AgentSettings, RelaySettings, Upstream

Told = TypeVar("Told", AgentSettings, RelaySettings)

RELAY_EXAMPLES: Final = """\
examples:
  vigie enroll relay cannes --scope cannes            where the collector runs: gives CODE
  vigie agent relay --upstream http://noc:8051 --listen 0.0.0.0:8054 --enrol CODE
  vigie agent run --upstream http://relay:8054 --enrol CODE        on each host of the site
"""
NAMES_WIDTH: Final = 48
"""How much of a line the names of files may take."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs of the agent."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run_ = verbs.add_parser("run", help="read this host and send, until told to end")
    run_.add_argument("--enrol", "--enroll", metavar="CODE", help="one-time code, the first time")
    once = verbs.add_parser("once", help="read every source once and print what it says")
    sources = verbs.add_parser("sources", help="list the sources, and what each one reads")
    examine = verbs.add_parser("doctor", help="say what does not work, and how to mend it")
    examine.add_argument(
        "--contract", action="store_true", help="every file read, right used and field sent"
    )
    relay = verbs.add_parser(
        "relay", help="take the frames of a site's hosts, keep them, and send them up together",
        epilog=RELAY_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    relay.add_argument("--enrol", "--enroll", metavar="CODE", help="one-time code, the first time")
    for verb in (once, sources, examine):
        verb.add_argument("--json", action="store_true", help="for machines")
    for verb in (run_, once, sources, examine, relay):
        verb.add_argument(
            "--upstream", action="append", metavar="URL", help="collector to send to; repeatable"
        )
        settings.add_flags(verb, RelaySettings if verb is relay else AgentSettings)


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for: 0 fine, 1 finding, 2 usage or settings."""
    try:
        if arguments.verb == "relay":
            told = _told(RelaySettings, arguments)
            return 0 if told is None else _relay(told, arguments)
        of_agent = _told(AgentSettings, arguments)
        return 0 if of_agent is None else _VERBS[arguments.verb](of_agent, arguments)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise  # whoever read us has enough: no fault
    except (VigieError, OSError) as error:
        print(f"vigie agent {arguments.verb}: {error}", file=sys.stderr)
        return 1


def _told(kind: type[Told], arguments: argparse.Namespace) -> Told | None:
    """The settings of a program; None where they were only to be printed."""
    if arguments.print_config:
        print(settings.describe(kind, arguments, os.environ))
        return None
    told = settings.from_arguments(kind, arguments, os.environ)
    if arguments.upstream:
        urls = tuple(Upstream(url) for url in arguments.upstream)
        told = dataclasses.replace(told, upstreams=urls)
    return told


def _relay(told: RelaySettings, arguments: argparse.Namespace) -> int:
    from agent.relay.service import Relay  # agents that are none need not load it

    logs.to_stderr()
    asyncio.run(Relay(told).run(arguments.enrol))
    return 0


def _run(told: AgentSettings, arguments: argparse.Namespace) -> int:
    logs.to_stderr()
    agent = Agent(told)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    code = 0
    try:
        agent.run(arguments.enrol)
    except SettingsError as error:
        print(error, file=sys.stderr)
        code = 2
    except BrokenPipeError:
        raise  # whoever read us has enough: no fault
    except (VigieError, OSError) as error:
        print(f"vigie agent run: {error}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # A source stuck in the kernel holds its thread; nothing may wait for it.
    os._exit(code)


def _once(told: AgentSettings, arguments: argparse.Namespace) -> int:
    healths, readings = doctor.read_once(all_sources(told), told.off)
    if arguments.json:
        print(json.dumps({
            "sources": [{"source": h.source, "status": h.word, "detail": h.detail}
                        for h in healths],
            "readings": [_plain(reading) for reading in readings],
        }))  # fmt: skip
    else:
        for reading in readings:
            for line in _lines(reading):
                print(line)
        for found in healths:
            print(f"{found.source}: {found.word} {found.detail}".rstrip())
    return 0 if all(h.word in {"ok", "absent", "off"} for h in healths) else 1


def _sources(told: AgentSettings, arguments: argparse.Namespace) -> int:
    known = all_sources(told)
    every = periods(told, known)
    if arguments.json:
        print(json.dumps([
            {"source": s.name, "measurements": [m.name for m in s.measurements],
             "period_seconds": every[s.name], "off": s.name in told.off,
             "apart": s.apart,
             "reads": [asdict(r) for r in s.reads], "runs": [asdict(r) for r in s.runs]}
            for s in known
        ]))  # fmt: skip
        return 0
    rows = [
        (s.name, "off" if s.name in told.off else f"{every[s.name]:g} s",
         ", ".join(m.name for m in s.measurements),
         _some([*(r.program for r in s.runs), *(r.path for r in s.reads)]))
        for s in known
    ]  # fmt: skip
    _table(("SOURCE", "PERIOD", "GIVES", "READS"), rows)
    print("all that each one reads, and why: vigie agent doctor --contract")
    return 0


def _some(names: Sequence[str]) -> str:
    """As many as fit on a line, and how many more there are."""
    names = list(dict.fromkeys(names))
    fit = sum(length <= NAMES_WIDTH for length in accumulate(len(n) + 2 for n in names))
    shown = names[: max(1, fit)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _doctor(told: AgentSettings, arguments: argparse.Namespace) -> int:
    known = all_sources(told)
    if arguments.contract:
        agreed = contract.contract(told, known, periods(told, known))
        text = json.dumps(contract.as_json(agreed)) if arguments.json else contract.as_text(agreed)
        print(text)
        return 0
    findings = doctor.examine(told, known)
    if arguments.json:
        print(json.dumps([asdict(f) for f in findings]))
    else:
        rows = [(f.subject, f.status, f.missing) for f in findings]
        remedies = [f"mend: {f.remedy}" if f.remedy else "" for f in findings]
        _table(("WHAT", "STATUS", "MISSING"), rows, below=remedies)
    return 0 if all(f.fine for f in findings) else 1


def _plain(reading: Reading) -> dict[str, object]:
    columns = {f.name: list(cells) for f, cells in reading.found.columns.items()}
    return {"source": reading.source, "time_ns": reading.time, "columns": columns}


def _lines(reading: Reading) -> Iterable[str]:
    """A reading as people read it: one line a value, unknown shown as such."""
    keys = [(f, cells) for f, cells in reading.found.columns.items() if f.kind.value == "key"]
    for field, cells in reading.found.columns.items():
        if field.kind.value == "key":
            continue
        for row, cell in enumerate(cells):
            of = ",".join(f"{k.name}={values[row]}" for k, values in keys)
            name = field.full_name + (f"{{{of}}}" if of else "")
            shown = "unknown" if cell is None else cell
            yield f"{name:<64} {shown} {field.unit.ucum.removeprefix('1')}".rstrip()


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, below: Sequence[str] = ()
) -> None:
    """Columns for people; `below` is what stands on a line of its own after each row, or ""."""
    widths = [max(len(line[i]) for line in (heads, *rows)) for i in range(len(heads) - 1)]
    for line, after in zip_longest((heads, *rows), ("", *below), fillvalue=""):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]).rstrip())
        if after:
            print(f"    {after}")


_VERBS = {"run": _run, "once": _once, "sources": _sources, "doctor": _doctor}
