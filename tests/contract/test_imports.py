"""Who may import whom, and what a module may do when it is imported."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house import PACKAGES, ROOT, modules

VAGUE = {
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "util",
    "utils",
}
LIGHT: dict[str, set[str]] = {  # beside the standard library
    "vigie": set(),
    "alerts": {"numpy", "icalendar", "dateutil"},  # the last two where a roster has a calendar
}
# Statements that only bind names. A call that makes a value is fine; a bare call is not.
BINDING = (
    ast.Import
    | ast.ImportFrom
    | ast.Assign
    | ast.AnnAssign
    | ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.ClassDef
)


def test_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importlib_stays_in_main() -> None:
    users = {path for path, name in imported() if name.split(".")[0] == "importlib"}
    # importlib.resources reads the data files of a package, and imports nothing by name.
    users -= {path for path, name in imported() if name.startswith("importlib.resources")}
    assert users <= {"vigie/__main__.py"}


@pytest.mark.parametrize("package", LIGHT)
def test_the_vocabulary_and_the_rules_need_next_to_nothing_installed(package: str) -> None:
    known = sys.stdlib_module_names | set(PACKAGES) | LIGHT[package]
    foreign = {
        (path, name)
        for path, name in imported()
        if path.startswith(f"{package}/") and name.split(".")[0] not in known
    }
    assert not foreign


def test_importing_a_module_does_no_work() -> None:
    work = [
        f"{path}:{statement.lineno}"
        for path, tree in modules().items()
        for statement in tree.body
        if not harmless(statement, path)
    ]
    assert not work, f"move these into a function: {work}"


def test_names_say_what_a_module_is_about() -> None:
    vague = [path for path in modules() if VAGUE & set(path.removesuffix(".py").split("/"))]
    assert not vague


def imported() -> Iterator[tuple[str, str]]:
    """Every (path, module imported there), wherever in the file."""
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def harmless(statement: ast.stmt, path: str) -> bool:
    """Whether a statement at module level binds names and no more."""
    if isinstance(statement, BINDING):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.If):
        test = ast.unparse(statement.test)
        return test in {"TYPE_CHECKING", "typing.TYPE_CHECKING"} or (
            test == "__name__ == '__main__'" and path.endswith("__main__.py")
        )
    return False
