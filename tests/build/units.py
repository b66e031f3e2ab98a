"""Units of systemd as settings: what a unit says together with some of its drop-ins."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.house import ROOT

FOLDER: Final = ROOT / "agent" / "units"
UNIT: Final = FOLDER / "vigie-agent.service"
DROP_INS: Final = {path.stem: path for path in sorted((FOLDER / f"{UNIT.name}.d").glob("*.conf"))}

Settings = dict[str, list[str]]


def lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each setting of a file.

    Raises:
        ValueError: a line is none of these.
    """
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            name, is_setting, value = line.partition("=")
            if not is_setting or not section or line.endswith("\\"):
                raise ValueError(f"{path.name}: {line!r} is no setting in a section")
            yield section, name, value


def merged(drop_ins: Iterable[str] = ()) -> Settings:
    """What [Service] says, drop-ins after the unit; an empty value forgets those before it."""
    settings: Settings = {}
    for path in (UNIT, *(DROP_INS[name] for name in drop_ins)):
        for section, name, value in lines(path):
            if section == "Service":
                before = settings.setdefault(name, [])
                before[:] = [*before, value] if value else []
    return settings


def words(settings: Settings, name: str) -> set[str]:
    """All words of a setting that is a list."""
    return {word for value in settings.get(name, ()) for word in value.split()}


def laid_out(folder: Path, drop_ins: Iterable[str], program: str | None = None) -> Path:
    """The unit and some drop-ins in a folder of their own, as systemd has them; another program."""
    unit = folder / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(text if program is None else text.replace(_program(), program))
    beside = folder / f"{UNIT.name}.d"
    beside.mkdir()
    for name in drop_ins:
        (beside / f"{name}.conf").write_bytes(DROP_INS[name].read_bytes())
    return unit


def _program() -> str:
    return merged()["ExecStart"][0].split()[0]
