"""Writes the generated pages of docs/, or checks that they are fresh and that links lead somewhere.

A generated page is a row in `PAGES`: its path, and what returns its text.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import reference, systems, views

PAGES = (*reference.PAGES, *systems.PAGES, *views.PAGES)
ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")
HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Write the pages; with --check, write nothing and tell what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a finding")
    if not parser.parse_args().check:
        for path, text in PAGES:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text(), encoding="utf-8")
        return 0
    findings = [*stale(), *broken_links()]
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def stale() -> Iterator[str]:
    """Generated pages that are not what they would be now."""
    for path, text in PAGES:
        page = ROOT / path
        if not page.exists() or page.read_text(encoding="utf-8") != text():
            yield f"{path}: is not fresh; run `make docs`"


def broken_links() -> Iterator[str]:
    """Links in Markdown to files or headings that do not exist."""
    for page in documents():
        text = CODE.sub("", page.read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            linked = (page.parent / path) if path else page
            if not linked.exists():
                yield f"{page.relative_to(ROOT)}: {target} does not exist"
            elif anchor and linked.suffix == ".md" and anchor not in anchors(linked):
                yield f"{page.relative_to(ROOT)}: {target} has no such heading"


def documents() -> list[Path]:
    """The Markdown files of the project: at its root, and in docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub forms them."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
