import json

from dashboard.sheet import answer, written


def test_a_part_that_did_not_change_keeps_its_version() -> None:
    first = written({"a": 1, "tables": {"x": [1], "y": [1]}}).versions
    second = written({"a": 1, "tables": {"x": [1], "y": [2]}}).versions
    assert set(first) == {"a", "tables.x", "tables.y"}
    assert [name for name in first if first[name] != second[name]] == ["tables.y"]


def test_a_page_is_sent_what_it_lacks_and_no_more() -> None:
    old, new = written({"a": 1, "b": 1}), written({"a": 1, "b": 2})
    assert new.after({}) == {"a": b"1", "b": b"2"}
    assert new.after(old.versions) == {"b": b"2"}
    assert new.after(new.versions) == {}


def test_an_answer_is_json_of_parts_that_were_written_before() -> None:
    sheet = written({"a": {"said": "d\u00e9j\u00e0"}, "tables": {"x": []}})
    assert json.loads(answer({"now": 1.5}, sheet.parts)) == {
        "now": 1.5, "parts": {"a": {"said": "d\u00e9j\u00e0"}, "tables.x": []},
    }  # fmt: skip
    assert json.loads(answer({"now": 1.5}, {})) == {"now": 1.5, "parts": {}}
