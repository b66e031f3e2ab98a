"""Settings of a program out of flags, environment and file; where each came from."""

import argparse
import dataclasses
import json
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from vigie.document import (
    Document,
    Reader,
    duration,
    duration_text,
    size,
    size_text,
    suggestion,
)
from vigie.settings.agent import AgentSettings
from vigie.settings.collector import CollectorSettings
from vigie.settings.dashboard import DashboardSettings
from vigie.settings.relay import RelaySettings
from vigie.settings.twin import TwinSettings

DEFAULT_FILE: Final = Path("vigie.toml")
Settings = TypeVar(
    "Settings",
    bound=AgentSettings | RelaySettings | CollectorSettings | DashboardSettings | TwinSettings,
)
PROGRAMS: Final[tuple[type[Any], ...]] = (
    AgentSettings,
    RelaySettings,
    CollectorSettings,
    DashboardSettings,
    TwinSettings,
)
OTHER_VARIABLES: Final = ("VIGIE_URL", "VIGIE_TOKEN")
"""Environment that the commands read, and that is no program's setting."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its path under its program, its type, its default and its documentation."""

    path: tuple[str, ...]
    kind: Any
    default: Any
    doc: str

    @property
    def flag(self) -> str:
        """`--store-flush`."""
        return "--" + "-".join(self.path).replace("_", "-")

    def spelled(self, value: Any) -> str:
        """A value of this setting as TOML; empty when it is not set."""
        if duration in typing.get_args(self.kind):
            return f'"{duration_text(value)}"'
        if size in typing.get_args(self.kind):
            return f'"{size_text(value)}"'
        return spelled(value)


def leaves(kind: type[Any], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every setting of a program, nested ones after their parent's."""
    hints = typing.get_type_hints(kind, include_extras=True)
    blank = kind()
    for declared in dataclasses.fields(kind):
        at = (*path, declared.name)
        if dataclasses.is_dataclass(hints[declared.name]):
            yield from leaves(hints[declared.name], at)
        else:
            default = getattr(blank, declared.name)
            yield Leaf(at, hints[declared.name], default, declared.metadata["doc"])


def variable(program: str, path: tuple[str, ...]) -> str:
    """The environment's name of a setting."""
    return "_".join(("VIGIE", program, *path)).upper()


def load(
    kind: type[Settings],
    *,
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, str | None] | None = None,
) -> Settings:
    """The settings of one program; `flags` are texts by dotted path, as `store.flush`.

    Raises:
        SettingsError: every fault found, each with its file and line, variable or flag.
    """
    return read(kind, file=file, env=env or {}, flags=flags or {})[0]


def read(
    kind: type[Settings], *, file: Path | None, env: Mapping[str, str],
    flags: Mapping[str, str | None],
) -> tuple[Settings, Document]:  # fmt: skip
    """As `load`, with the document that says where each value came from."""
    document = Document.load(file) if file else Document("no settings file")
    reader = Reader(document)
    reader.known(program.PROGRAM for program in PROGRAMS)
    if document.data.get(kind.PROGRAM) is None:
        document.data[kind.PROGRAM] = {}
    _unknown_variables(reader, env)
    if isinstance(document.data[kind.PROGRAM], dict):
        for leaf in leaves(kind):
            name, given = variable(kind.PROGRAM, leaf.path), flags.get(".".join(leaf.path))
            if given is not None:
                document.put((kind.PROGRAM, *leaf.path), _native(leaf.kind, given), leaf.flag)
            elif name in env:
                document.put((kind.PROGRAM, *leaf.path), _native(leaf.kind, env[name]), name)
    settings = reader.one(kind, (kind.PROGRAM,))
    reader.finish()
    return settings, document


def _unknown_variables(reader: Reader, env: Mapping[str, str]) -> None:
    known = {
        variable(program.PROGRAM, leaf.path) for program in PROGRAMS for leaf in leaves(program)
    }
    known.update(OTHER_VARIABLES)
    for name in env:
        if name.startswith("VIGIE_") and name not in known:
            reader.faults.append(f"environment: {name}: no such setting; {suggestion(name, known)}")


def _native(kind: Any, text: str) -> Any:
    """What TOML would have said; a text that does not fit is left for the reader to refuse."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        base, rules = typing.get_args(kind)[0], typing.get_args(kind)[1:]
        return text if any(callable(rule) for rule in rules) else _native(base, text)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        pairs = (part.partition("=") for part in text.split(",") if part.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}
    try:
        return json.loads(text) if kind in {int, float, bool} else text
    except ValueError:
        return text


def add_flags(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """One flag a setting, with `--config` and `--print-config`."""
    group = parser.add_argument_group(
        "settings", "flag, then environment, then file, then default (docs/reference/settings.md)"
    )
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file; default ./vigie.toml, if any"
    )
    group.add_argument("--print-config", action="store_true", help="print the settings and end")
    for leaf in leaves(kind):
        shown = leaf.spelled(leaf.default) or "none"
        group.add_argument(
            leaf.flag, dest=".".join(leaf.path), metavar=leaf.path[-1].upper(),
            help=f"{leaf.doc} [{shown}]".replace("%", "%%"),
        )  # fmt: skip


def from_arguments(
    kind: type[Settings], arguments: argparse.Namespace, env: Mapping[str, str]
) -> Settings:
    """The settings that a command line made by `add_flags` asks for. Raises as `load`."""
    return load(kind, file=_file(arguments), env=env, flags=vars(arguments))


def describe(kind: type[Settings], arguments: argparse.Namespace, env: Mapping[str, str]) -> str:
    """What `--print-config` prints: the settings as TOML, each with where it came from."""
    settings, document = read(kind, file=_file(arguments), env=env, flags=vars(arguments))
    lines, table = [], ""
    for leaf in leaves(kind):
        value: Any = settings
        for part in leaf.path:
            value = getattr(value, part)
        at = (kind.PROGRAM, *leaf.path)
        if (header := f"[{'.'.join(at[:-1])}]") != table:
            lines += ["", header] if table else [header]
            table = header
        origin = "default" if document.get(at) is None else document.where(at)
        spelling = leaf.spelled(value)
        lines.append(
            f"{'' if spelling else '# '}{leaf.path[-1]} = {spelling or 'none'}  # {origin}"
        )
    return "\n".join(lines)


def _file(arguments: argparse.Namespace) -> Path | None:
    file: Path | None = arguments.config
    return file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)


def spelled(value: Any) -> str:
    """A value as TOML, a password in a URL masked; empty when there is none."""
    if value is None:
        return ""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value), include_extras=True)
        members = {name: _member(hint, getattr(value, name)) for name, hint in hints.items()
                   if name in {f.name for f in dataclasses.fields(value)}}  # fmt: skip
        return "{ " + ", ".join(f"{k} = {v}" for k, v in members.items() if v) + " }"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {spelled(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, Path | str):
        text = re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", str(value))
        return json.dumps(text, ensure_ascii=False)
    return json.dumps(value)


def _member(hint: Any, value: Any) -> str:
    """One member of a table; a duration as it is written."""
    kinds = [hint, *typing.get_args(hint)]
    if value is not None and any(duration in typing.get_args(kind) for kind in kinds):
        return f'"{duration_text(value)}"'
    return spelled(value)
