"""`vigie collector run | check | verify | restore`."""

import argparse
import logging
import os
import sys

from collector.declared import declared
from collector.keeping import cli as keeping
from collector.service import Service
from vigie import logs, settings
from vigie.errors import SettingsError, VigieError
from vigie.settings import CollectorSettings


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs of the collector."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run_ = verbs.add_parser("run", help="receive, keep, evaluate and answer, until told to end")
    check = verbs.add_parser("check", help="read settings, network, rules and receivers, and end")
    for verb in (run_, check):
        settings.add_flags(verb, CollectorSettings)
    keeping.add(verbs)


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for: 0 fine, 1 it failed, 2 usage or settings."""
    try:
        if arguments.verb in keeping.VERBS:
            return keeping.run(arguments)
        if arguments.print_config:
            print(settings.describe(CollectorSettings, arguments, os.environ))
            return 0
        told = settings.from_arguments(CollectorSettings, arguments, os.environ)
        written = declared(told)
        if arguments.verb == "check":
            network = written.network.load()
            print(f"fine: network {network.name} version {network.version[:12]}")
            return 0
        logs.to_stderr()
        code = Service(told, written).run()
        logging.shutdown()
        # All is closed. DuckDB's binding would fill the screen with what it leaves to the process.
        os._exit(code)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (VigieError, OSError) as error:
        print(f"vigie collector {arguments.verb}: {error}", file=sys.stderr)
        return 1
