"""Links to tickets."""

import pytest

from alerts import ticket


def test_values_from_outside_cannot_leave_their_place_in_a_link() -> None:
    link = ticket.filled("https://t.example/new?title={title}&id={id}", {
        "title": 'a&b="<script>"\n{id}/../é' + "x" * 500, "id": "abc",
    })  # fmt: skip
    assert link is not None
    assert link.startswith(
        "https://t.example/new?title=a%26b%3D%22%3Cscript%3E%22%0A%7Bid%7D%2F..%2F%C3%A9xxx"
    )
    assert link.endswith("&id=abc")
    assert len(link) < 400


def test_without_a_template_there_is_no_link() -> None:
    assert ticket.filled("", {"ticket": "X-1"}) is None


@pytest.mark.parametrize(
    ("name", "template", "said"),
    [
        ("show", "javascript:alert({ticket})", "http"),
        ("show", "https:///{ticket}", "http"),
        ("show", "https://t.example/", "stands nowhere"),
        ("show", "https://t.example/{title}", "may be {ticket}"),
        ("show", "https://t.example/{ticket.__class__}", "may be|no place"),
        ("show", "https://t.example/{}", "may be"),
        ("show", "https://t.example/{ticket", "may be"),
        ("new", "https://t.example/{ticket}", "{id}, {rule}"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(name: str, template: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ticket.check(name, template)


def test_templates_as_ticket_systems_want_them_are_taken() -> None:
    ticket.check("show", "https://t.example/browse/{ticket}")
    ticket.check("new", "https://t.example/new")
    ticket.check("new", "https://t.example/new?summary={title}&p={priority}")
    ticket.check("show", "")


@pytest.mark.parametrize("text", ["INC-1234", "#42", "GLPI 12/3", "a" * 80])
def test_references_as_ticket_systems_write_them_are_taken(text: str) -> None:
    assert ticket.reference(f" {text} ") == text


@pytest.mark.parametrize("text", ["", " ", "a" * 81, "<b>", "é", "a\x00", "-1"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="INC-1234"):
        ticket.reference(text)
