"""What the page says of the rails is what the guard asks."""

import ast
import re
from pathlib import Path

from collector.actions import rails

ROOT = Path(__file__).parents[4]


def test_the_page_names_every_rail_and_no_other() -> None:
    page = (ROOT / "docs/acting.md").read_text()
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    used = set()
    for path in Path(rails.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                name = node.args[0]
                assert isinstance(name, ast.Constant)
                used.add(name.value)
    assert told == used
