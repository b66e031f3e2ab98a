"""A real Tahoe-LAFS grid on loopback: an introducer, storage servers, a gateway to upload through.

It needs a Tahoe-LAFS of its own, which is no part of `make setup`: one of its dependencies comes as
C source only. `tahoe()` says where one is; `TAHOE=build` makes one below .cache.

    TAHOE=build python -m tests.build.grid    writes tests/fixtures/tahoe anew
"""

import configparser
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.build.programs import free_port

ROOT: Final = Path(__file__).parents[2]
BUILT: Final = ROOT / ".cache" / "tahoe"
FIXTURES: Final = ROOT / "tests" / "fixtures" / "tahoe"
READY_SECONDS: Final = 60.0
_OLD: Final = """
import sys
from allmydata.storage import immutable_schema
if "container-v1" in sys.argv[1]:
    immutable_schema.NEWEST_SCHEMA_VERSION = immutable_schema.schema_from_version(1)
from allmydata.immutable import layout
layout.FORCE_V2 = "share-v2" in sys.argv[1]
del sys.argv[1]
from allmydata.scripts.runner import run
run()
"""
"""Runs `tahoe` so that it writes the formats which it writes by itself only for large files, or
wrote before: what each of them looks like is its own code's doing."""


def tahoe() -> Path | None:
    """The `tahoe` program: $TAHOE, the one built before, or on PATH; None where there is none."""
    wanted, program = os.environ.get("TAHOE", ""), BUILT / "bin" / "tahoe"
    if wanted == "build" or (not wanted and program.exists()):
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", str(BUILT)], check=True)
            pip = [str(BUILT / "bin" / "pip"), "install", "--quiet", "tahoe-lafs==1.20.0"]
            subprocess.run(pip, check=True)
        return program
    found = shutil.which(wanted or "tahoe")
    return Path(found) if found else None


class Grid:
    """One such grid; a context that ends it. Uploads make `n` shares, any `k` enough."""

    def __init__(
        self, program: Path, data: Path, *, k: int = 3, n: int = 6, servers: int = 3,
        segment: int = 0, formats: str = "",
    ) -> None:  # fmt: skip
        """`segment` bytes make a segment (0: Tahoe's default); `formats` names older ones."""
        self.data = data
        self._program, self._formats = program, formats
        self._k, self._n, self._segment = k, n, segment
        self._servers = tuple(data / f"server{number}" for number in range(servers))
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def stores(self) -> tuple[Path, ...]:
        """The directory of shares of each server."""
        return tuple(server / "storage" / "shares" for server in self._servers)

    def __enter__(self) -> Self:
        try:
            self._create()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every node."""
        for node in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        self._running.clear()

    def put(self, content: bytes, query: str = "") -> str:
        """Upload a file; its capability."""
        return self._ask("PUT", "/uri" + query, content).decode()

    def get(self, capability: str) -> bytes:
        """What the grid makes of a capability."""
        return self._ask("GET", f"/uri/{capability}")

    def verify(self, capability: str) -> dict[str, Any]:
        """What Tahoe itself says after reading every share of an object."""
        asked = f"/uri/{capability}?t=check&verify=true&output=JSON"
        results: dict[str, Any] = json.loads(self._ask("POST", asked))["results"]
        return results

    def index(self, capability: str) -> str:
        """The storage index of an object, which names the directories of its shares."""
        told = json.loads(self._ask("POST", f"/uri/{capability}?t=check&output=JSON"))
        return str(told["storage-index"])

    def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, content, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _create(self) -> None:
        port = free_port()
        listen = [f"--port=tcp:{port}:interface=127.0.0.1", f"--location=tcp:127.0.0.1:{port}"]
        making = [
            self._tahoe("create-introducer", "--listen=tcp", *listen, str(self.data / "introducer"))
        ]
        coding = [f"--shares-needed={self._k}", f"--shares-total={self._n}",
                  f"--shares-happy={min(len(self._servers), self._n)}"]  # fmt: skip
        for number, server in enumerate(self._servers):
            port = free_port()
            web = "none" if number else f"tcp:{self._port}:interface=127.0.0.1"
            making.append(
                self._tahoe("create-node", "--listen=tcp", f"--webport={web}",
                            f"--port=tcp:{port}:interface=127.0.0.1",
                            f"--location=tcp:127.0.0.1:{port}", *coding, str(server))
            )  # fmt: skip
        for process in making:
            assert process.wait(READY_SECONDS) == 0, (self.data / "log").read_text()
        if self._segment:
            for server in self._servers:
                _set(server / "tahoe.cfg", "shares._max_immutable_segment_size_for_testing",
                     str(self._segment))  # fmt: skip

    def _start(self) -> None:
        introducer = self.data / "introducer"
        self._running.append(self._tahoe("run", "--allow-stdin-close", str(introducer)))
        furl = introducer / "private" / "introducer.furl"
        _until(lambda: furl.exists() and furl.read_text().strip() != "", "introducer")
        known = f"introducers:\n  local:\n    furl: {furl.read_text().strip()}\n"
        for server in self._servers:
            (server / "private" / "introducers.yaml").write_text(known)
            self._running.append(self._tahoe("run", "--allow-stdin-close", str(server)))
        _until(self._connected, "servers")

    def _connected(self) -> bool:
        try:
            servers = json.loads(self._ask("GET", "/?t=json"))["servers"]
        except OSError:
            return False
        up = [s for s in servers if s["connection_status"].lower().startswith("connected")]
        return len(up) >= len(self._servers)

    def _tahoe(self, *arguments: str) -> subprocess.Popen[bytes]:
        self.data.mkdir(parents=True, exist_ok=True)
        command = [str(self._program), *arguments]
        if self._formats:
            python = str(self._program.with_name("python"))
            command = [python, "-c", _OLD, self._formats, *arguments]
        with (self.data / "log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)  # fmt: skip


def _set(file: Path, name: str, value: str) -> None:
    settings = configparser.RawConfigParser()
    settings.read(file)
    settings["client"][name] = value
    with file.open("w") as out:
        settings.write(out)


def _until(true: Any, what: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not come up"
        time.sleep(0.1)


def shares(store: Path) -> Iterator[Path]:
    """Every whole share below a directory of shares."""
    for path in sorted(store.glob("??/*/*")):
        if path.is_file():
            yield path


def content(size: int) -> bytes:
    """As many bytes, the same ones every time; Tahoe keeps up to 55 bytes in the capability."""
    return hashlib.shake_128(b"%d" % size).digest(size)


def _write(
    program: Path, name: str, k: int, n: int, *, keep: Sequence[int], formats: str = ""
) -> None:
    """One directory of fixtures: the shares with the numbers in `keep` of some objects."""
    with (
        tempfile.TemporaryDirectory() as data,
        Grid(program, Path(data), k=k, n=n, servers=1, segment=1000, formats=formats) as grid,
    ):
        for size in (56, 2004, 5000):
            grid.put(content(size))
        if not formats:
            for query in ("?format=sdmf", "?format=mdmf"):
                grid.put(b"", query)
                grid.put(content(1000), query)
        for share in shares(grid.stores[0]):
            if int(share.name) in keep:
                target = FIXTURES / name / share.relative_to(grid.stores[0])
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(share, target)


def main() -> None:
    """Write the fixtures anew."""
    program = tahoe()
    if program is None:
        raise SystemExit("no tahoe: set TAHOE to its path, or to build")
    for directory in FIXTURES.iterdir() if FIXTURES.exists() else ():
        if directory.is_dir():
            shutil.rmtree(directory)
    _write(program, "3-of-6", 3, 6, keep=(0, 5))
    _write(program, "1-of-1", 1, 1, keep=(0,))
    _write(program, "7-of-20", 7, 20, keep=(13,), formats="share-v2")
    _write(program, "container-v1", 3, 10, keep=(9,), formats="container-v1")


if __name__ == "__main__":
    main()
