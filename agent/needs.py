"""What a source declares that it needs, and this machine does not give: files, programs, rights."""

import os
import re
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent.source import Read, Run, Source
from agent.tool import where

ADDRESS_SECONDS: Final = 1.0
CAPABILITIES: Final = {
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_NET_ADMIN": 12,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_PERFMON": 38,
}
"""Bits of the kernel's capability sets (linux/capability.h) that a source may ask for."""
_EFFECTIVE: Final = os.access in os.supports_effective_ids


def lacking(source: Source) -> list[Read | Run]:
    """What it declares and does not find, or may not use; a program once, whatever it does."""
    runs = {(run.program, run.grant): run for run in reversed(source.runs) if not able(run)}
    return [*(read for read in source.reads if not there(read)), *reversed(runs.values())]


def wanted(lack: Read | Run) -> str:
    """What is missing, what for, and the right that it takes, in one line."""
    if isinstance(lack, Read):
        what = lack.path
    else:
        missing = "program" if where(lack.program) is None else "the right to run"
        what = f"{missing} {lack.program}"
    right = f"; right: {lack.right}" if lack.right else ""
    return f"{what} ({lack.why}{right})"


def there(read: Read, root: Path = Path("/")) -> bool:
    """Whether what a source declares can be read; optional ones count when granted by hand.

    What is optional without a remedy is taken as there.
    """
    if read.optional and not read.grant:
        return True
    if not read.path.startswith("/"):
        return _answers(read.path)
    found = list(root.glob(read.path.lstrip("/")))
    # By the effective rights: access(2) of the real user knows nothing of a unit's capabilities.
    return bool(found) and all(os.access(path, os.R_OK, effective_ids=_EFFECTIVE) for path in found)


def able(run: Run) -> bool:
    """Whether a program is installed and the right to run it is held."""
    return where(run.program) is not None and held(run.right)


def held(right: str, status: Path = Path("/proc/self/status")) -> bool:
    """Whether this process has a right: the capabilities that it names, else root where it says so.

    A right in other words cannot be checked here, and is taken as held.
    """
    named = [CAPABILITIES[c] for c in re.findall(r"CAP_[A-Z_]+", right) if c in CAPABILITIES]
    if not named:
        return os.geteuid() == 0 or "root" not in right
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status.read_text("ascii"), re.MULTILINE)
    bits = int(effective[1], 16) if effective else 0
    return all(bits >> number & 1 for number in named)


def _answers(address: str) -> bool:
    """Whether something listens at `tcp://host:port`; what is no address is taken as there."""
    parts = urlsplit(address)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port:
        return True
    try:
        socket.create_connection((parts.hostname, parts.port), ADDRESS_SECONDS).close()
    except OSError:
        return False
    return True
