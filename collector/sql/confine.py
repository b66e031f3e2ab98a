"""What a process gives up for good: files, network, programs, others' processes, memory, its turn.

Linux only does this, and each kernel and machine as much of it as it has; what was not to be had is
told. Call it while the process has one thread: Landlock holds for that one and those it starts.
"""

import ctypes
import os
import platform
import resource
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LANDLOCK: Final = "landlock"
CALLS: Final = "seccomp"
NICENESS: Final = 10
FILES: Final = 256
PROCESSES: Final = 64
"""Threads, that is: of one user, so root is not held by it."""

_NO_NEW_PRIVILEGES: Final = 38
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ_FILE: Final = 1 << 2
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files a version of Landlock knows: it handles all it knows."""
_TCP: Final = 0b11
_SCOPES: Final = 0b11
_BENEATH: Final = 1

_ARCHITECTURES: Final = {"x86_64": (0xC000003E, 0, 317), "aarch64": (0xC00000B7, 1, 277)}
_DENIED: Final[dict[str, tuple[int, ...]]] = {
    # Of x86_64, and of aarch64 where it has it.
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242),
    "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199), "sendto": (44, 206),
    "fork": (57,), "vfork": (58,), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "mount": (165, 40), "umount2": (166, 39), "unshare": (272, 97),
    "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "open_tree": (428, 428),
    "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104), "setpriority": (141, 140), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    # What Landlock does not know of.
    "chmod": (90,), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92,), "fchown": (93, 55), "lchown": (94,), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "utimensat": (280, 88), "utime": (132,), "utimes": (235,),
    "futimesat": (261,),
}  # fmt: skip
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
_CLONE_THREAD: Final = 0x10000

_LOAD, _EQUAL, _SET, _ABOVE, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
"""Where the number of a call, its architecture and its first argument stand."""
_X32: Final = 0x40000000
_EVERY_THREAD: Final = 1


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def limit(memory: int, seconds: int) -> None:
    """Bound memory (bytes more than now), CPU seconds, files, processes; write none; step back."""
    for kind, value in (
        (resource.RLIMIT_AS, _address_space() + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (value, value))
    os.nice(NICENESS)
    # Where memory ends, this is the process to do without.
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1000")


def enclose(files: Iterable[Path]) -> list[str]:
    """Give up all but reading those files; what holds from now on: `LANDLOCK`, `CALLS`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return []
    found = [LANDLOCK] if _landlock(libc, files) else []
    return [*found, CALLS] if _calls(libc) else found


def _landlock(libc: ctypes.CDLL, files: Iterable[Path]) -> bool:
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = max(count for least, count in _RIGHTS.items() if version >= least)
    asked = _Ruleset((1 << rights) - 1, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_CREATE, ctypes.byref(asked), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for path in files:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # gone meanwhile: reading it will say so
        rule = _Beneath(_READ_FILE, parent)
        libc.syscall(_ADD, rules, _BENEATH, ctypes.byref(rule), 0)
        os.close(parent)
    done: bool = libc.syscall(_RESTRICT, rules, 0) == 0
    os.close(rules)
    return done


def _calls(libc: ctypes.CDLL) -> bool:
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    architecture, column, seccomp = known
    steps = _program(architecture, column, os.getpid())
    made = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), made)
    return bool(libc.syscall(seccomp, 1, _EVERY_THREAD, ctypes.byref(program)) == 0)


def _program(architecture: int, column: int, pid: int) -> list[tuple[int, int, int, int]]:
    """A filter: what is denied fails with EPERM, the rest goes through."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]  # fmt: skip
    if column == 0:
        steps += [(_ABOVE, 0, 1, _X32), (_RETURN, 0, 0, _EPERM)]
    steps += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ENOSYS)]
    # A thread may be begun, ourselves ended, our own limits read.
    for number, test, value in (
        (_CLONE[column], _SET, _CLONE_THREAD),
        (_TGKILL[column], _EQUAL, pid),
        (_PRLIMIT[column], _EQUAL, 0),
    ):
        steps += [
            (_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST), (test, 0, 1, value),
            (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM),
        ]  # fmt: skip
    for numbers in _DENIED.values():
        if column < len(numbers):
            steps += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _EPERM)]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()
