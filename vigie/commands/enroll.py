"""Let an agent, a service or a person in: a one-time code that they exchange for a credential."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vigie.commands import asking, printing
from vigie.document import duration
from vigie.errors import SettingsError, VigieError
from vigie.replies import Enrolment, Secret

KINDS: Final = ("agent", "relay", "peer", "service", "person")
EXAMPLES: Final = """\
examples:
  vigie enroll agent gpu-01 --scope cannes/c1/gpu-01
  vigie enroll person ada --roles operator,"shift lead"
  vigie enroll service grafana --roles reader --scope cannes
  vigie enroll redeem CODE --into reader.token        where the service runs
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "kind", choices=(*KINDS, "redeem"), help="whom to let in; or redeem, to use a code"
    )
    parser.add_argument("name", help="name of the newcomer; for redeem, the code")
    parser.add_argument(
        "--scope", default="", metavar="PATH",
        help="site, site/container or site/container/host; default: the whole network",
    )  # fmt: skip
    parser.add_argument("--roles", default="", help="comma-separated: reader, operator, …")
    parser.add_argument(
        "--expires", default="1h", metavar="DURATION", help="life of the code [%(default)s]"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="all it ever sends is marked as simulated"
    )
    parser.add_argument("--into", type=Path, metavar="FILE", help="where redeem puts the token")
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Enrol, or redeem a code."""
    return _redeem(arguments) if arguments.kind == "redeem" else _enrol(arguments)


def _enrol(arguments: argparse.Namespace) -> int:
    try:
        valid = duration(arguments.expires)
    except ValueError as error:
        raise SettingsError(f"--expires: {error}") from error
    if arguments.kind == "agent" and not arguments.scope:
        raise SettingsError("--scope: an agent writes below one place; give site/container/host")
    newcomer = {
        "kind": arguments.kind,
        "name": arguments.name,
        "scope": arguments.scope,
        "roles": [role.strip() for role in arguments.roles.split(",") if role.strip()],
        "simulated": arguments.simulated,
        "expires_seconds": valid,
    }
    with asking.client(arguments, asking.REGISTRAR) as client:
        answer = client.post(Enrolment, "principals", newcomer)
    if arguments.json:
        printing.dump(answer)
        return 0
    use = {
        "agent": f"on its host:  vigie agent run --enrol {answer.code}",
        "person": f"on the screens:  /login?code={answer.code}",
    }.get(arguments.kind, f"where it runs:  vigie enroll redeem {answer.code} --into FILE")
    members = {"code": answer.code, "expires": answer.expires, "principal": answer.principal}
    print(printing.record(members))
    print(f"\nThe code works once, {use}")
    return 0


def _redeem(arguments: argparse.Namespace) -> int:
    def redeem() -> Secret:
        with asking.anonymous(arguments) as client:
            return client.post(Secret, "credentials", {"code": arguments.name})

    if arguments.json:
        printing.dump(redeem())
        return 0
    secret = kept(arguments.into, redeem)
    print(f"the token of credential {secret.credential} is in {arguments.into}")
    return 0


def kept(path: Path | None, ask: Callable[[], Secret]) -> Secret:
    """Ask for a secret, and write its token to a new file that only its owner can read.

    The file is made first: a token that has nowhere to go is not asked for.

    Raises:
        SettingsError: no file is named.
        VigieError: the file exists, or cannot be made.
    """
    if path is None:
        raise SettingsError("--into: name the file that the token goes in")
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except OSError as error:
        raise VigieError(f"{path}: {error.strerror}; nothing was done, name another") from error
    with file:
        try:
            secret = ask()
        except VigieError:
            path.unlink()
            raise
        file.write(f"{secret.token}\n")
    return secret
