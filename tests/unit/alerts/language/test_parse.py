import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.explain import bracketed
from alerts.language.parse import MAX_DEPTH, ExpressionError, Number, parse
from vigie.units import BYTE, RATIO, SECOND


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("not a and b", "((not a) and b)"),
        ("not a == b", "(not (a == b))"),
        ("a < b + c * d", "(a < (b + (c * d)))"),
        ("a - b - c", "((a - b) - c)"),
        ("-a * b", "((- a) * b)"),
        ("(a or b) and c", "((a or b) and c)"),
        ("a in (x, y) or b has z", "((a in (x, y)) or (b has z))"),
        ("min(a, b + 1) > 2", "(min(a, (b + 1)) > 2)"),
    ],
)
def test_what_binds_tighter_comes_first(text: str, meant: str) -> None:
    assert bracketed(parse(text)) == meant


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5", 5, None), ("1.5e3", 1500, None), ("10%", 0.1, RATIO), ("5min", 300, SECOND),
        ("2h", 7200, SECOND), ("20GB", 20e9, BYTE), ("4GiB", 2**32, BYTE),
    ],
)  # fmt: skip
def test_a_number_is_in_base_units(text: str, value: float, unit: object) -> None:
    node = parse(text)
    assert isinstance(node, Number)
    assert node.value == pytest.approx(value)
    assert node.unit is unit


@pytest.mark.parametrize(
    ("text", "token", "message"),
    [
        ("a = 5", "=", "= means nothing here; write =="),
        ("a > 5 && b", "&", "& means nothing here; write and"),
        ("a > 5mn", "mn", "no unit mn; did you mean min?"),
        ("a > 5 min", "min", "write 5min, without the space"),
        ("1 < a < 2", "<", "comparisons do not chain; join two of them with `and`"),
        ("(a > 5", "", ") is missing here, to close this bracket"),
        ("a >", "", "the expression stops here; a value is expected"),
        ("a b", "b", "b cannot stand here; an operator (and, <, +, …) or the end is expected"),
        ("a > not b", "not", "`not` binds looser than what stands before it; put it in brackets"),
        ('a == "x', '"x', "a quote opens here and never closes"),
        ("a > 1.2.3", "1", "'1' means nothing here"),
        ("a in x", "x", "( is missing here, before the words to look among"),
        ("* a", "*", "* cannot begin a value; a number, a field or a bracket is expected"),
    ],
)
def test_a_fault_is_pointed_at(text: str, token: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == message
    assert text[caught.value.start : caught.value.end] == token


@pytest.mark.parametrize("text", ["(" * 99, "-" * 99, "not " * 99, "abs(" * 99, "a+" * 900 + "a"])
def test_what_is_too_deep_or_long_is_refused_and_harms_nothing(text: str) -> None:
    with pytest.raises(ExpressionError, match=f"deeper than {MAX_DEPTH}|more than"):
        parse(text)


@given(st.text(alphabet='ab19.%"()<>=!+-*/, \n_√', max_size=60))
def test_any_text_is_a_tree_or_a_pointed_fault(text: str) -> None:
    try:
        node = parse(text)
    except ExpressionError as error:
        assert 0 <= error.start < error.end  # noqa: PT017
    else:
        assert bracketed(parse(bracketed(node))) == bracketed(node)
