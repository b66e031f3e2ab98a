"""A stand-in for smartctl, as a real program: it prints kept answers, sleeps, or is not right."""

import json
from pathlib import Path

_PROGRAM = """\
#!/bin/sh
cd {folder}
echo "$@" >> calls
case "$*" in
*--scan-open*) key=scan_open ;;
*--scan*) key=scan ;;
*) shift {shift}; key=$(echo "$*" | tr '/ -' '____') ;;
esac
[ -f "$key.sleep" ] && exec sleep "$(cat "$key.sleep")"
[ -f "$key.out" ] || {{ echo "smartctl: no answer kept for $key" >&2; exit 1; }}
cat "$key.out"
exit "$(cat "$key.status")"
"""


class Smartctls:
    """A folder with the program and its answers."""

    def __init__(self, folder: Path, asked: int) -> None:
        """`asked` is how many arguments come before the device's own."""
        self.folder = folder
        self.program = folder / "smartctl"
        self.program.write_text(_PROGRAM.format(folder=folder, shift=asked))
        self.program.chmod(0o755)

    def scan(self, *drives: tuple[str, str], how: str = "scan-open") -> None:
        """What it finds: device file and type."""
        devices = [{"name": name, "info_name": name, "type": kind} for name, kind in drives]
        self._put(how, json.dumps({"devices": devices}).encode(), 0)

    def answer(self, device: str, out: bytes, status: int | None = None) -> None:
        """What it prints for a device, as `/dev/sda` or `--device sat /dev/sda`."""
        if status is None:
            status = json.loads(out)["smartctl"]["exit_status"]
        self._put(device, out, status)

    def hang(self, device: str, seconds: float) -> None:
        """Let it sleep when it is asked for a device."""
        (self.folder / f"{_key(device)}.sleep").write_text(str(seconds))

    def recover(self, device: str) -> None:
        """Let it answer again."""
        (self.folder / f"{_key(device)}.sleep").unlink()

    @property
    def calls(self) -> list[str]:
        """The arguments of each start so far."""
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def _put(self, device: str, out: bytes, status: int) -> None:
        key = _key(device)
        (self.folder / f"{key}.out").write_bytes(out)
        (self.folder / f"{key}.status").write_text(str(status))


def _key(device: str) -> str:
    return "".join("_" if c in "/ -" else c for c in device)
