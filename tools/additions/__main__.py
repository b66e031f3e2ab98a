"""Tries what CONTRIBUTING.md promises: adds one thing to a copy of the checkout, and checks it.

python -m tools.additions              every addition
python -m tools.additions source rule  these

An addition is a TOML file beside this one: files to write, lines to insert, commands that must
pass.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(__file__).resolve().parent
MOST_FILES: Final = 2


@dataclass(frozen=True, slots=True)
class Addition:
    """What is added, and what must then hold."""

    name: str
    writes: dict[str, str]
    inserts: tuple[tuple[str, str, str], ...]
    """File, the text after which, the text that goes in."""
    checks: tuple[tuple[str, ...], ...]

    @property
    def files(self) -> set[str]:
        """Every file that is touched."""
        return {*self.writes, *(file for file, _, _ in self.inserts)}


def read(path: Path) -> Addition:
    """The addition that a file describes."""
    told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Addition(
        path.stem,
        {each["file"]: each["text"] for each in told.get("write", ())},
        tuple((each["file"], each["after"], each["text"]) for each in told.get("insert", ())),
        tuple(tuple(check) for check in told["checks"]),
    )


def copied(to: Path) -> Path:
    """A copy of the checkout: what git tracks, and what it would."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, done.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def add(addition: Addition, checkout: Path) -> None:
    """Put it in.

    Raises:
        ValueError: it touches too many files, or the place of an insertion is not there once.
    """
    if len(addition.files) > MOST_FILES:
        raise ValueError(f"{addition.name} touches {sorted(addition.files)}")
    for file, text in addition.writes.items():
        path = checkout / file
        path.write_text((path.read_text("utf-8") if path.exists() else "") + text, "utf-8")
    for file, after, text in addition.inserts:
        before = (checkout / file).read_text(encoding="utf-8")
        if before.count(after) != 1:
            raise ValueError(
                f"{file}: {after!r} stands there {before.count(after)} times, not once"
            )
        (checkout / file).write_text(before.replace(after, after + text), encoding="utf-8")


def check(addition: Addition, checkout: Path) -> str:
    """What the first failing check printed; nothing when all pass."""
    python = [file for file in sorted(addition.files) if file.endswith(".py")]
    ruff = (sys.executable, "-m", "ruff")
    style = [
        (*ruff, *words, "--quiet", *python)
        for words in (("check", "--fix-only"), ("format",), ("check",))
    ]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    for words in [*(style if python else []), *addition.checks]:
        command = [sys.executable if word == "python" else word for word in words]
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"{' '.join(words)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return ""


def attempt(name: str, folder: Path) -> str:
    """Try one addition in a fresh copy; what went wrong, or nothing."""
    addition = read(FOLDER / f"{name}.toml")
    checkout = copied(folder / name)
    add(addition, checkout)
    return check(addition, checkout)


def names() -> list[str]:
    """Every addition that there is."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def main() -> int:
    """Try those that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", choices=[[], *names()], metavar="NAME")
    asked = parser.parse_args().names or names()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in asked:
            trouble = attempt(name, Path(folder))
            print(f"{name}: {'failed' if trouble else 'ok'}\n{trouble}".rstrip())
            failed += bool(trouble)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
