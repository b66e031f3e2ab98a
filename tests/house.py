"""The source tree as the contract tests see it: our packages, and their modules parsed."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("vigie", "agent", "alerts", "collector", "dashboard", "twin")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours, by its path from the root."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }
