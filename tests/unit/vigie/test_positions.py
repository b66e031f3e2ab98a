import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.positions import TomlPath, lines_of

TEXT = """\
# a comment with [brackets] and key = 1
top = "a # b [c]"

[plain]
one = 1
dotted.two = { in = 1, more = { x = 2 } }
many = [
  "x", # ]
  ["y"],
]
text = \"\"\"
[not] a = 1
\\"\"\" still \"\"\"
raw = '''
[nor] this = "
'''
'quoted key' = 1979-05-27T07:32:00Z
"b\\u0061r" = -1.5

[[row]]
id = 1
[row.inner]
deep = true
[[row.sub]]
n = 1
[[row.sub]]
n = 2

[[row]]
id = 2
[[row.sub]]
n = 3
[after . "a.b"]
end = false
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("plain",), 4),
        (("plain", "one"), 5),
        (("plain", "dotted", "two"), 6),
        (("plain", "many"), 7),
        (("plain", "text"), 11),
        (("plain", "raw"), 14),
        (("plain", "quoted key"), 17),
        (("plain", "bar"), 18),
        (("row",), 20),
        (("row", 0, "id"), 21),
        (("row", 0, "inner", "deep"), 23),
        (("row", 0, "sub", 1, "n"), 27),
        (("row", 1), 29),
        (("row", 1, "sub", 0), 31),
        (("row", 1, "sub", 0, "n"), 32),
        (("after", "a.b", "end"), 34),
    ],
)
def test_each_statement_has_its_line(path: TomlPath, line: int) -> None:
    assert lines_of(TEXT)[path] == line


def test_windows_line_ends_count_once() -> None:
    assert lines_of("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


KEYS = st.text("ab-_9é\"\\'. #=[]", min_size=1, max_size=6)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab\"\\'#=[]{},\n ", max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + "\n".join(f"{spelled(item)}," for item in value) + "]"
    if isinstance(value, str):
        safe = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"""\n{safe}"""' if "\n" in value else f'"{safe}"'
    return str(value)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=6, unique_by=lambda pair: pair[0]))
def test_whatever_the_values_the_next_key_is_found_on_its_line(
    pairs: list[tuple[str, Any]],
) -> None:
    text, expected = "", {}
    for key, value in pairs:
        expected[(key,)] = text.count("\n") + 1
        text += f"{spelled(key)} = {spelled(value)}\n"
    assert dict(pairs) == tomllib.loads(text)
    assert lines_of(text) == expected
