"""Runs a command as our unit would: its system calls, its capabilities, nothing else to write to.

    python -m tests.build.confined STATE,DROP-IN,… COMMAND ARGUMENT…

A stand-in for systemd where none runs: the settings are read from the unit, groups of system calls
are asked of `systemd-analyze`, and the filter is made by libseccomp. It takes root, or the right to
make a mount namespace; the user stays the same, less its capabilities.
"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from agent.needs import CAPABILITIES
from tests.build.units import Settings, merged, words

ALLOW: Final = 0x7FFF0000
ERRNO: Final = 0x00050000
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES: Final = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}
CLONE_NEWNS: Final = 0x00020000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 24, 38, 47, 2
LAST_CAPABILITY: Final = 40
CAPABILITY_VERSION: Final = 0x20080522


class _Compare(ctypes.Structure):
    """scmp_arg_cmp of libseccomp."""

    _fields_ = (
        ("arg", ctypes.c_uint), ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64), ("datum_b", ctypes.c_uint64),
    )  # fmt: skip


def allowed(settings: Settings) -> set[str]:
    """Names of the system calls that the unit may make, in the order in which it says so."""
    names: set[str] = set()
    for value in settings["SystemCallFilter"]:
        named = {call for word in value.removeprefix("~").split() for call in _calls(word)}
        names = names - named if value.startswith("~") else names | named
    return names


def _calls(word: str) -> set[str]:
    """The system calls of a group, and of the groups in it; or the call itself."""
    if not word.startswith("@"):
        return {word}
    shown = subprocess.run(
        ["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    entries = [line.strip() for line in shown if line.strip() and not line.strip().startswith("#")]
    return {call for entry in entries for call in _calls(entry)}


class Filter:
    """A filter of system calls: what is not allowed fails with EPERM."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ERRNO | errno.EPERM))

    def rule(self, action: int, name: str, *compare: tuple[int, int, int, int]) -> None:
        """What to do with a call, or with those whose arguments compare so."""
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # of another architecture, or newer than this library
        array = (_Compare * len(compare))(*(_Compare(*one) for one in compare))
        failed = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(compare), array
        )
        if failed:
            raise OSError(-failed, f"seccomp rule of {name}")

    def load(self) -> None:
        """From now on."""
        failed = self._library.seccomp_load(self._context)
        if failed:
            raise OSError(-failed, "seccomp filter")


def filtered(settings: Settings) -> Filter:
    """The filter of system calls, of address families, and of memory both written and run."""
    made, families = Filter(), words(settings, "RestrictAddressFamilies")
    for name in sorted(allowed(settings) - {"socket", "mmap", "mprotect", "pkey_mprotect"}):
        made.rule(ALLOW, name)
    for family, number in FAMILIES.items():
        action = ALLOW if family in families else ERRNO | errno.EAFNOSUPPORT
        made.rule(action, "socket", (0, EQUAL, number, 0))
    for bits in (0, PROT_WRITE, PROT_EXEC):
        made.rule(ALLOW, "mmap", (2, MASKED_EQUAL, PROT_WRITE | PROT_EXEC, bits))
    for name in ("mprotect", "pkey_mprotect"):
        made.rule(ALLOW, name, (2, MASKED_EQUAL, PROT_EXEC, 0))
    return made


def enclose(state: Path) -> None:
    """Everything read-only but the state directory, in a mount namespace of our own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "--bind", str(state), str(state)],
        ["mount", "-o", "remount,bind,ro", "/"],
    ):
        subprocess.run(command, check=True)


def renounce(settings: Settings) -> None:
    """Give up every capability but those granted, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    kept = [CAPABILITIES[name] for name in words(settings, "AmbientCapabilities")]
    for number in range(LAST_CAPABILITY + 1):
        if number not in kept:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    low, high = (sum(1 << n % 32 for n in kept if n // 32 == word) for word in (0, 1))
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(low, low, low, high, high, high)
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")
    for number in kept:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main() -> None:
    """Become what the unit is, and run the command in our place."""
    state, *drop_ins = sys.argv[1].split(",")
    settings, command = merged(drop_ins), sys.argv[2:]
    filter_ = filtered(settings)
    enclose(Path(state))
    renounce(settings)
    filter_.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
