"""A module is read in one sitting, and a function on one screen."""

import ast
from collections.abc import Iterator

from tests.house import ROOT, modules

MODULE_LINES = 400
FUNCTION_LINES = 50

# What is longer all the same, and why. Keys: "path.py" or "path.py:function".
EXCEPTIONS: dict[str, str] = {}


def test_modules_and_functions_are_short() -> None:
    too_long = {name: lines for name, lines in oversized() if name not in EXCEPTIONS}
    assert not too_long, f"split these, or give a reason in EXCEPTIONS: {too_long}"


def test_every_exception_is_needed_and_has_a_reason() -> None:
    needed = {name for name, _ in oversized()}
    assert not set(EXCEPTIONS) - needed, "no longer needed: remove them"
    assert all(EXCEPTIONS.values())


def oversized() -> Iterator[tuple[str, int]]:
    """Names of what is too long, with the number of lines."""
    for path, tree in modules().items():
        lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        if lines > MODULE_LINES:
            yield path, lines
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{path}:{node.name}", lines
