import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.sql import confine

TRIES = """
import json, os, socket, sys
from pathlib import Path
from collector.sql import confine
mine, other, folder = map(Path, sys.argv[1:])
confine.limit(10**9, 5)
held = confine.enclose([mine])
def tried(act):
    try:
        act()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"
nice = os.getpriority(os.PRIO_PROCESS, 0)
print(json.dumps({"held": held, "nice": nice, **{name: tried(act) for name, act in {
    "read mine": mine.read_bytes,
    "read other": other.read_bytes,
    "list": lambda: os.listdir(folder),
    "write mine": lambda: mine.open("r+b"),
    "make": lambda: (folder / "new").write_text("x"),
    "remove": other.unlink,
    "rename": lambda: mine.rename(folder / "renamed"),
    "chmod": lambda: other.chmod(0o777),
    "touch": lambda: os.utime(other),
    "truncate": lambda: os.truncate(other, 0),
    "inet": lambda: socket.socket(socket.AF_INET),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "pair": socket.socketpair,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "fork": lambda: os.fork() or os._exit(0),
    "kill": lambda: os.kill(os.getppid(), 0),
    "hurry": lambda: os.setpriority(os.PRIO_PROCESS, 0, 0),
    "memory": lambda: bytearray(2 * 10**9),
}.items()}}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("confined")
    mine, other = folder / "mine", folder / "other"
    mine.write_text("mine")
    other.write_text("other")
    done = subprocess.run(
        [sys.executable, "-P", "-c", TRIES, str(mine), str(other), str(folder)],
        capture_output=True, text=True, check=True, timeout=20,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert other.read_text() == "other"
    assert not (folder / "new").exists()
    told: dict[str, str] = json.loads(done.stdout)
    return told


def test_what_was_given_can_be_read(found: dict[str, str]) -> None:
    assert found["read mine"] == "done"


def test_files(found: dict[str, str]) -> None:
    if confine.LANDLOCK not in found["held"]:
        pytest.skip("this kernel has no Landlock")
    acts = ("read other", "list", "write mine", "make", "remove", "rename", "truncate")
    for act in acts:
        assert found[act] in {"PermissionError", "OSError"}, act


def test_calls(found: dict[str, str]) -> None:
    if confine.CALLS not in found["held"]:
        pytest.skip("this machine has no filter of ours")
    for act in ("chmod", "touch", "inet", "unix", "pair", "fork", "exec", "kill", "hurry"):
        assert found[act] == "PermissionError", act


def test_memory_and_turn(found: dict[str, str]) -> None:
    assert found["memory"] == "MemoryError"
    assert int(found["nice"]) >= confine.NICENESS


def test_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from collector.sql import confine; "
        "confine.enclose([Path(sys.argv[1])])"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", code, str(tmp_path / "gone")], check=True, timeout=20,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
