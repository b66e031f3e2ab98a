"""Credentials: who has which, a second one before the first ends, and the end of one."""

import argparse
from pathlib import Path
from typing import Final
from urllib.parse import quote

from vigie.commands import asking, printing
from vigie.commands.enroll import kept
from vigie.errors import SettingsError
from vigie.replies import Cell, Credential, Principal, Principals, Secret

EXAMPLES: Final = """\
examples:
  vigie credentials list
  vigie credentials rotate 6f1c… --into new.token    both are valid until the old one ends
  vigie credentials revoke 6f1c…                     ends it within five seconds
"""
NONE: Final = Credential("not redeemed", "", None, None, None)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("list", "rotate", "revoke"))
    parser.add_argument("id", nargs="?", help="credential, as `list` shows it")
    parser.add_argument("--into", type=Path, metavar="FILE", help="where rotate puts the token")
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """List, rotate or revoke."""
    if arguments.act == "list":
        return _list(arguments)
    if not arguments.id:
        raise SettingsError(f"{arguments.act}: which credential? `vigie credentials list` has them")
    if arguments.act == "rotate":
        return _rotate(arguments)
    with asking.client(arguments, asking.REGISTRAR) as client:
        client.post(dict[str, object], f"credentials/{quote(arguments.id, safe='')}/revoke")
    print(f"{arguments.id} is revoked")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with asking.client(arguments, asking.REGISTRAR) as client:
        answer = client.get(Principals, "principals")
    if arguments.json:
        printing.dump(answer)
        return 0
    rows = [_row(p, c) for p in answer.principals for c in (p.credentials or [NONE])]
    print(printing.table(rows, empty="nobody was let in yet"))
    return 0


def _row(principal: Principal, credential: Credential) -> dict[str, Cell]:
    return {
        "kind": principal.kind,
        "name": principal.name,
        "roles": ", ".join(principal.roles) or None,
        "scope": principal.scope or "everything",
        "simulated": principal.simulated,
        "credential": credential.id,
        "created": credential.created,
        "last used": credential.last_used,
        "expires": credential.expires,
        "revoked": credential.revoked,
    }


def _rotate(arguments: argparse.Namespace) -> int:
    def rotate() -> Secret:
        with asking.client(arguments, asking.REGISTRAR) as client:
            return client.post(Secret, f"credentials/{quote(arguments.id, safe='')}/rotate")

    if arguments.json:
        printing.dump(rotate())
        return 0
    secret = kept(arguments.into, rotate)
    print(f"{secret.credential} follows {arguments.id}; its token is in {arguments.into}")
    return 0
