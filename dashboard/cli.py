"""`vigie dashboard run`: the operations screens of one collector."""

import argparse
import os
import sys

from dashboard import service
from vigie import logs, settings
from vigie.errors import SettingsError


def add(parser: argparse.ArgumentParser) -> None:
    """The verbs of `vigie dashboard`."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    run_verb = verbs.add_parser("run", help="serve the operations screens until told to end")
    settings.add_flags(run_verb, settings.DashboardSettings)


def run(arguments: argparse.Namespace) -> int:
    """Do it; 0 ended as asked, 1 could not serve, 2 wrong settings."""
    try:
        if arguments.print_config:
            print(settings.describe(settings.DashboardSettings, arguments, os.environ))
            return 0
        chosen = settings.from_arguments(settings.DashboardSettings, arguments, os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.to_stderr()
    return service.serve(chosen)
