"""On which line each table and key of a TOML text stands; the text is known to be valid."""

import re
import tomllib
from typing import Final

TomlPath = tuple[str | int, ...]
"""Keys, and for an array of tables the index of the element."""

_KEY: Final = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.)?""")
_SPACE: Final = re.compile(r"(?:\s|#[^\n]*)*")
# What a value is made of: strings of four kinds, comments, brackets, the end of a line, the rest.
_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|'
    r"'''.*?'{3,5}(?!')|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|#[^\n]*|[\[{]|[\]}]|\n|[^\"'#\[\]{}\n]+",
    re.DOTALL,
)


def lines_of(text: str) -> dict[TomlPath, int]:
    """The line, from 1, of each table and key that is a statement of its own.

    What stands inside an inline table or an array has the line of its statement, and is not listed.
    """
    text = text.replace("\r\n", "\n")
    scan = _Scan(text)
    while scan.statement():
        pass
    return scan.lines


def _unquoted(match: re.Match[str]) -> str:
    if match[1] is not None and "\\" in match[1]:
        return next(iter(tomllib.loads(f'"{match[1]}" = 0')))
    return next(part for part in match.groups()[:3] if part is not None)


class _Scan:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.line, self.counted = 1, 0
        self.table: TomlPath = ()
        self.lines: dict[TomlPath, int] = {}
        self.arrays: dict[TomlPath, int] = {}

    def statement(self) -> bool:
        self._skip(_SPACE)
        if self.at >= len(self.text):
            return False
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        if self.text.startswith("[[", self.at):
            self.at += 2
            self.table = self._element(self._keys())
            self.at = self.text.index("]]", self.at) + 2
        elif self.text[self.at] == "[":
            self.at += 1
            self.table = self._resolve(self._keys())
            self._note(self.table)
            self.at = self.text.index("]", self.at) + 1
        else:
            self._note((*self.table, *self._keys()), len(self.table) + 1)
            self.at = self.text.index("=", self.at) + 1
            self._value()
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else len(self.text)

    def _keys(self) -> tuple[str, ...]:
        keys: list[str] = []
        while match := _KEY.match(self.text, self.at):
            self.at = match.end()
            keys.append(_unquoted(match))
            if not match[4]:
                break
        return tuple(keys)

    def _note(self, path: TomlPath, start: int = 1) -> None:
        """The first statement that makes a table is where it stands."""
        for end in range(start, len(path) + 1):
            self.lines.setdefault(path[:end], self.line)

    def _resolve(self, keys: tuple[str, ...]) -> TomlPath:
        """A table below an array of tables belongs to the array's last element."""
        path: TomlPath = ()
        for key in keys:
            path = (*path, key)
            if path in self.arrays:
                path = (*path, self.arrays[path])
        return path

    def _element(self, keys: tuple[str, ...]) -> TomlPath:
        array = (*self._resolve(keys[:-1]), keys[-1])
        self.arrays[array] = self.arrays.get(array, -1) + 1
        path = (*array, self.arrays[array])
        self._note(path)
        return path

    def _value(self) -> None:
        depth = 0
        while match := _TOKEN.match(self.text, self.at):
            piece = match[0]
            if piece == "\n" and not depth:
                return
            self.at = match.end()
            depth += (piece in "[{") - (piece in "]}")
        self.at = len(self.text)
