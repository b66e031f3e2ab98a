"""A TOML document that knows the line of every table and key, and a reader that checks it.

Every fault of a document is found before any is reported, each as
`file:line: path: what is wrong; what to do`::

    document = Document.load(Path("vigie.toml"))
    reader = Reader(document)
    settings = reader.one(CollectorSettings, ("collector",))
    reader.finish()
"""

import dataclasses
import re
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar

from vigie.errors import SettingsError
from vigie.positions import TomlPath, lines_of

T = TypeVar("T")

_DURATIONS: Final[Mapping[str, float]] = {
    "ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800,
}  # fmt: skip
_SIZES: Final[Mapping[str, int]] = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
}  # fmt: skip
_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


def duration(value: object) -> float:
    """Seconds of a text like `20ms`, `30s`, `5m`, `72h` or `7d`.

    Raises:
        ValueError: it is none.
    """
    return _quantity(value, _DURATIONS, "a duration like 20ms, 30s, 5m, 72h or 7d")


def size(value: object) -> int:
    """Bytes of a text like `256MB` or `1GiB`.

    Raises:
        ValueError: it is none.
    """
    return round(_quantity(value, _SIZES, "a size like 256MB or 1GiB"))


def duration_text(seconds: float) -> str:
    """Seconds as `duration` reads them, in the largest unit that leaves a whole number."""
    return _spelled(seconds, [(n, u) for u, n in _DURATIONS.items() if u not in {"min", "w"}])


def size_text(count: int) -> str:
    """Bytes as `size` reads them, in the largest unit that leaves a whole number."""
    return _spelled(count, [(n, u) for u, n in _SIZES.items() if u != "KB"])


def _spelled(value: float, units: list[tuple[float, str]]) -> str:
    for factor, unit in sorted(units, reverse=True):
        count = round(value / factor, 6)
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    factor, unit = min(units)
    return f"{value / factor:g}{unit}"


def _quantity(value: object, factors: Mapping[str, float], wanted: str) -> float:
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match or match[2] not in factors:
        raise ValueError(f"{wanted} is wanted, got {value!r}")
    return float(match[1]) * factors[match[2]]


Duration = Annotated[float, duration]
"""Seconds; written as a text with its unit."""
Size = Annotated[int, size]
"""Bytes; written as a text with its unit."""


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a number, both included; used in `Annotated[int, Within(1, 65535)]`."""

    low: float
    high: float

    def check(self, value: float) -> None:
        """Raise ValueError when the value is outside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is out of range; {self.low:g} to {self.high:g} is allowed")


class Misfit(ValueError):
    """Raised by `__post_init__` of what is read, to blame one of its own fields.

    `name` may lead further down, with dots.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`did you mean x?` for the name most like the wrong one, else the list of the known ones."""
    names = sorted(set(known))
    near = get_close_matches(wrong, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are: {', '.join(names)}" if names else "nothing is known here"


@dataclass
class Document:
    """Values, and where each was written."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[TomlPath, int] = field(default_factory=dict)
    origins: dict[TomlPath, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Document":
        """Read a file.

        Raises:
            SettingsError: it cannot be read, or is no TOML; the message says which line.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(f"{path}: cannot be read: {reason}") from error
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, name: str) -> "Document":
        """Read a text; `name` stands for the file in messages. Raises as `load`."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            what, _, where = str(error).partition(" (at ")
            line = re.search(r"line (\d+)", where)
            number = int(line[1]) if line else len(text.splitlines())
            raise SettingsError(f"{name}:{number}: is no TOML: {what}") from error
        return cls(name, data, lines_of(text))

    def extend(self, other: "Document") -> None:
        """Put the arrays of tables of another document after those of this one.

        What comes from it keeps the file and the line where it was written.

        Raises:
            SettingsError: both give a key of which there is one.
        """
        shifts: dict[str | int, int] = {}
        for key, value in other.data.items():
            mine = self.data.get(key)
            if isinstance(value, list) and isinstance(mine, list | None):
                shifts[key] = len(mine or ())
                self.data[key] = [*(mine or ()), *value]
                for n in range(len(value)):
                    self.origins[key, shifts[key] + n] = other.where((key, n))
            elif key in self.data:
                told = f"is given already at {self.where((key,))}; leave one of the two"
                raise SettingsError(f"{other.where((key,))}: {key}: {told}")
            else:
                self.data[key] = value
        for path in (*other.lines, *other.origins):
            at = path
            if len(path) > 1 and isinstance(path[1], int) and path[0] in shifts:
                at = (path[0], path[1] + shifts[path[0]], *path[2:])
            self.origins.setdefault(at, other.where(path))

    def line(self, path: TomlPath) -> int | None:
        """The line of a table or key; inside an inline value, the line of its statement."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def put(self, path: TomlPath, value: object, origin: str) -> None:
        """Lay a value over the document; messages about it will name its origin."""
        table = self.data
        for part in path[:-1]:
            table = table.setdefault(str(part), {})
            if not isinstance(table, dict):
                return  # the reader will say that a table is wanted there
        table[str(path[-1])] = value
        self.origins[path] = origin

    def get(self, path: TomlPath) -> Any:
        """What stands at `path`, or None."""
        value: Any = self.data
        for part in path:
            keys = range(len(value)) if isinstance(value, list) else value
            if not isinstance(keys, dict | range) or part not in keys:
                return None
            value = value[part]
        return value

    def where(self, path: TomlPath) -> str:
        """`file:line`, or the origin of a value laid over."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        line = self.line(path)
        return f"{self.name}:{line}" if line else self.name


class Reader:
    """Builds frozen dataclasses from tables, and collects every fault on the way.

    What it hands out is sound only once `finish` has returned.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[str] = []

    def fault(self, path: TomlPath, message: str) -> None:
        """Note one fault: what is wrong with what stands at `path`, and what to do."""
        self.faults.append(f"{self.document.where(path)}: {dotted(path)}: {message}")

    def finish(self) -> None:
        """Report every fault together.

        Raises:
            SettingsError: there was one.
        """
        if self.faults:
            raise SettingsError("\n".join(dict.fromkeys(self.faults)))

    def known(self, names: Iterable[str], path: TomlPath = ()) -> None:
        """Fault every key of the table at `path` that is not among `names`."""
        known = list(names)
        for name in self._table(path):
            if name not in known:
                self.fault((*path, name), f"no such setting; {suggestion(name, known)}")

    def one(self, kind: type[T], path: TomlPath) -> T:
        """The dataclass `kind` that the table at `path` spells; an absent table is an empty one."""
        built: T = self._build(kind, self._table(path), path)
        return built

    def each(self, kind: type[T], path: TomlPath) -> tuple[tuple[TomlPath, T], ...]:
        """Every element of the array of tables at `path`, with its own path."""
        rows = self.document.get(path)
        if rows is None:
            return ()
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.fault(path, f"an array of tables, [[{dotted(path)}]], is wanted")
            return ()
        built = [((*path, n), self._build(kind, row, (*path, n))) for n, row in enumerate(rows)]
        return tuple((at, value) for at, value in built if value is not None)

    def _table(self, path: TomlPath) -> dict[str, Any]:
        value = self.document.get(path)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(path, f"a table is wanted, got {value!r:.60}")
            return {}
        return value

    def _build(self, kind: Any, table: Mapping[str, Any], path: TomlPath) -> Any:
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = {f.name: f for f in dataclasses.fields(kind) if f.init}
        before, given = len(self.faults), {}
        for name, value in table.items():
            if name not in fields:
                self.fault((*path, name), f"no such setting; {suggestion(name, fields)}")
                continue
            try:
                given[name] = self._value(hints[name], value, (*path, name))
            except ValueError as error:
                self.fault((*path, name), str(error))
        for name, declared in fields.items():
            if name not in table and _required(declared):
                self.fault(path, f"{name} is missing")
        if len(self.faults) > before:
            return None
        try:
            return kind(**given)
        except Misfit as error:
            self.fault((*path, *error.name.split(".")), str(error))
        except ValueError as error:
            self.fault(path, str(error))
        return None

    def _value(self, kind: Any, value: Any, path: TomlPath) -> Any:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:], value, path)
        if origin in {typing.Union, UnionType}:
            return self._value(next(a for a in arguments if a is not type(None)), value, path)
        if origin is Literal:
            return _one_of(value, arguments)
        if origin is tuple:
            return self._array(arguments[0], value, path)
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(arguments[1], value, path)
        if dataclasses.is_dataclass(kind):
            short = getattr(kind, "SHORT", None)
            if short and isinstance(value, str):
                value = {short: value}
            if not isinstance(value, dict):
                raise _unlike("a table", value)
            return self._build(kind, value, path)
        return _plain(kind, value)

    def _annotated(self, base: Any, rules: Sequence[Any], value: Any, path: TomlPath) -> Any:
        readers: list[Callable[[Any], Any]] = [r for r in rules if callable(r)]
        for read in readers:
            value = read(value)
        value = self._value(base, value, path)
        for rule in rules:
            if isinstance(rule, Within):
                rule.check(value)
        return value

    def _array(self, kind: Any, value: Any, path: TomlPath) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _unlike("an array", value)
        return tuple(self._value(kind, item, (*path, n)) for n, item in enumerate(value))

    def _mapping(self, kind: Any, value: Any, path: TomlPath) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unlike("a table", value)
        return {name: self._value(kind, item, (*path, name)) for name, item in value.items()}


def dotted(path: TomlPath) -> str:
    """`sites[2].country`: a path as people write it, counting from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "document"


def _required(declared: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return declared.default is missing and declared.default_factory is missing


def _unlike(wanted: str, value: object) -> ValueError:
    return ValueError(f"{wanted} is wanted, got {value!r:.60}")


def _one_of(value: Any, known: Sequence[Any]) -> Any:
    if value in known:
        return value
    raise ValueError(
        f"{value!r} is not one of the words; {suggestion(str(value), map(str, known))}"
    )


_WORDS: Final[Mapping[Any, str]] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
    date: "a date like 2026-01-31", Path: "a path",
}  # fmt: skip


def _plain(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_one_of(value, [member.value for member in kind]))
    if kind is Any:
        return value
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise _unlike(_WORDS.get(kind, kind.__name__), value)
    return value
