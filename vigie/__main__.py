"""`vigie <verb>`: the table of verbs, and how any of them ends."""

import argparse
import gc
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vigie.document import suggestion
from vigie.errors import SettingsError, VigieError

FINDING: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Verb:
    """A word of the command line, the module behind it, and the extra that it needs."""

    module: str
    help: str
    extra: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What a library reads when it is loaded, where nobody said otherwise."""


VERBS: Final[Mapping[str, Verb]] = {
    "up": Verb("vigie.commands.up", "Watch this machine: agent, collector and dashboard", "all"),
    "agent": Verb("agent.cli", "Read this host and send what was read", "agent"),
    "collector": Verb(
        "collector.cli",
        "Receive, keep, evaluate and answer",
        "collector",
        # One allocator for all of Arrow, that keeps what is freed for a second: to give back a
        # tail's memory at once is dearer than to sort it, and never to is dearest.
        {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc"} if sys.platform == "linux" else {},
    ),
    "dashboard": Verb("dashboard.cli", "Serve the screens of the watch", "dashboard"),
    "twin": Verb("twin.cli", "Play the agents of simulated places: the physical twin", "twin"),
    "enroll": Verb("vigie.commands.enroll", "Let an agent, a service or a person in"),
    "credentials": Verb("vigie.commands.credentials", "List, rotate and revoke credentials"),
    "network": Verb("vigie.commands.network", "Check a network file, show what is watched"),
    "rules": Verb("alerts.cli", "Check, test and explain alert rules", "alerts"),
    "silences": Verb("vigie.commands.silences", "Silences and maintenance windows, and a preview"),
    "alerts": Verb("vigie.commands.alerts", "List what is wrong; how much alarms ask of people"),
    "receivers": Verb(
        "vigie.commands.receivers", "Who is told of alerts; test them; send dead letters once more"
    ),
    "roster": Verb("alerts.roster.cli", "Who is on, and who comes; check a roster", "alerts"),
    "incident": Verb(
        "vigie.commands.incident", "Incidents: their clock, what NIS2 wants when, signed evidence"
    ),
    "query": Verb("vigie.commands.query", "Ask for readings, series and events"),
    "store": Verb(
        "vigie.commands.store.cli", "How full the store is; verify, back up, restore, export, hold"
    ),
    "kpi": Verb("vigie.commands.kpi", "Show KPIs, explain how one was come by, and ask what if"),
    "report": Verb("vigie.commands.report", "Report to authorities; thresholds; a pilot's ledger"),
    "catalogue": Verb("vigie.commands.catalogue", "List what is measured, and in which unit"),
}

EXAMPLES: Final = """\
examples:
  vigie up                            watch this machine; prints the address of the screens
  vigie query latest filesystem       the newest reading of every file system
  vigie query series host --fields cpu_busy_ratio --from 1h
  vigie store status                  how full the store is, and until when the disk will do
  vigie kpi show                      every KPI, each with its method
  vigie kpi explain pue               what a value was made of, like a bill
  vigie <verb> --help                 everything about one verb
"""


def usage() -> str:
    """What `vigie --help` prints."""
    width = max(map(len, VERBS)) + 2
    verbs = "\n".join(f"  {name:<{width}}{verb.help}" for name, verb in VERBS.items())
    return (
        "Vigie watches container data centres: what they draw, heat, lose and emit.\n\n"
        f"usage: vigie <verb> [options]\n\nverbs:\n{verbs}\n\n{EXAMPLES}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; exit 0 fine, 1 a finding or an error, 2 usage or settings."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    except VigieError as error:
        print(f"vigie {words[0]}: {error}", file=sys.stderr)
        return FINDING
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not flush into the void at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"vigie {words[0]}: {error}", file=sys.stderr)
        return FINDING


def _run(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        print(usage(), end="")
        return 0 if words else USAGE
    if words[0] in {"-V", "--version"}:
        print(f"vigie {importlib.metadata.version('vigie-telemetry')}")
        return 0
    name, *rest = words
    if name not in VERBS:
        raise SettingsError(f"vigie: {name!r} is no verb; {suggestion(name, VERBS)}")
    module = opened(name, VERBS[name])
    arguments = parser(name, module).parse_args(rest)
    status: int = module.run(arguments)
    sys.stdout.flush()
    return status


def parser(name: str, module: Any) -> argparse.ArgumentParser:
    """The command line of one verb, as its module declares it."""
    made = argparse.ArgumentParser(
        prog=f"vigie {name}",
        description=VERBS[name].help + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add(made)
    return made


def opened(name: str, verb: Verb) -> Any:
    """The module of a verb.

    Raises:
        SettingsError: the extra that it needs is not installed.
    """
    for variable, value in verb.environment.items():
        os.environ.setdefault(variable, value)
    gc.disable()  # modules are no garbage: to look for some is an eighth of loading them
    try:
        return importlib.import_module(verb.module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"vigie", "agent", "alerts", "collector", "dashboard", "twin"}:
            raise
        install = f"pip install 'vigie-telemetry[{verb.extra}]'"
        raise SettingsError(f"vigie {name} needs {missing}: {install}") from error
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())
