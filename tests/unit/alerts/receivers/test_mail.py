import email
import email.policy
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.address import Allowed
from alerts.delivery.message import compose
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.declared import Declared
from alerts.receivers.mail import Mail, answered, written
from alerts.receivers.outcome import Outcome, Verdict
from alerts.rule import Rule, Words
from tests.build.letterbox import Letterbox
from vigie.catalogue import Filesystem

NOW = 1_800_000_000.0
RULE = Rule(
    name="full", priority=1, title=Words("{mount} plein sur {host}", "{mount} full on {host}"),
    advice=Words("Libérez de l'espace", "Free some"), why="", do="", measurement=Filesystem,
)  # fmt: skip
ALERT = Alert("a1", "full", Subject("paris/a", ("h1", "/srv")), 1, State.FIRING, NOW - 60, NOW, 3)
MESSAGE = compose(ALERT, RULE)


@pytest.fixture
def box() -> Iterator[Letterbox]:
    found = Letterbox()
    found.open()
    with closing(found):
        yield found


@pytest.fixture
def secure(
    box: Letterbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Letterbox:  # fmt: skip
    """The same behind TLS; it answers to the name noc.example."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))
    box.secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    box.secure.load_cert_chain(certificate / "cert", certificate / "key")
    return box


def declared(box: Letterbox, scheme: str = "smtp", **more: Any) -> Declared:
    found = Declared(
        "desk", "mail", f"{scheme}://noc.example:{box.port}", timeout=2.0, language="en",
        to=("noc@example.org", "deputy@example.org"), sender="vigie@example.org", starttls=False,
        allow=(Allowed.parse(f"127.0.0.1/32:{box.port}"),),
    )  # fmt: skip
    return replace(found, **more)


def sent(found: Declared, message: Any = MESSAGE) -> Outcome:
    def resolve(_: str, port: int, **__: Any) -> Sequence[tuple[Any, ...]]:
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    return Mail(found, resolve).deliver(message, NOW)


def read(letter: bytes) -> EmailMessage:
    found = email.message_from_bytes(letter, policy=email.policy.SMTP)
    assert isinstance(found, EmailMessage)
    return found


def test_a_letter_says_what_a_person_must_know(box: Letterbox) -> None:
    assert sent(declared(box)).verdict is Verdict.DELIVERED
    (letter,) = map(read, box.letters)
    assert letter["Subject"] == "[P1 ALERT] /srv full on h1"
    assert (letter["From"], letter["Date"]) == (
        "Vigie <vigie@example.org>", "Fri, 15 Jan 2027 08:00:00 +0000",
    )  # fmt: skip
    assert (letter["Auto-Submitted"], letter["Importance"]) == ("auto-generated", "high")
    assert box.recipients == ["noc@example.org", "deputy@example.org"]
    assert box.heard[0] == "ehlo example.org", "a name that a server finds, and none of ours"
    text = letter.get_content()
    assert text.startswith("[P1 ALERT] /srv full on h1")
    assert "Where: paris/a/h1/srv" in text


def test_what_becomes_of_one_alert_stands_together(box: Letterbox) -> None:
    over = compose(replace(ALERT, state=State.RESOLVED, change=4), RULE)
    for message in (MESSAGE, over):
        assert sent(declared(box), message).verdict is Verdict.DELIVERED
    first, second = map(read, box.letters)
    assert (first["Message-ID"], second["Message-ID"]) == (
        "<a1.3@example.org>", "<a1.4@example.org>",
    )  # fmt: skip
    assert first["References"] == second["References"] == "<a1@example.org>"


def test_what_is_simulated_says_so_in_subject_and_text() -> None:
    found = Declared("d", "mail", "smtp://m.example", to=("a@b.example",), sender="v@b.example")
    letter = read(written(compose(replace(ALERT, simulated=True), RULE), found, NOW))
    assert letter["Subject"].startswith("SIMULÉ : [P1 ALERTE]")
    assert letter.get_content().startswith("SIMULÉ : ")


def test_names_with_line_breaks_make_no_headers() -> None:
    found = Declared("d", "mail", "smtp://m.example", to=("a@b.example",), sender="v@b.example")
    nasty = Subject("paris/a", ("h1\r\nBcc: x@y.example\r\n\r\n", "/srv"))
    letter = read(written(compose(replace(ALERT, subject=nasty), RULE), found, NOW))
    assert letter["Bcc"] is None
    assert "Bcc: x@y.example" in letter["Subject"], "said, and nothing else"


def test_one_address_that_is_refused_keeps_no_letter_from_the_others(box: Letterbox) -> None:
    box.refused = {"deputy@example.org": b"550 no such user"}
    found = sent(declared(box))
    assert found.verdict is Verdict.DELIVERED
    assert found.reason == "deputy@example.org: 550 no such user"
    assert len(box.letters) == 1


def test_where_every_address_is_refused_one_that_may_be_taken_later_decides(
    box: Letterbox,
) -> None:
    box.refused = {"deputy@example.org": b"550 no", "noc@example.org": b"551 try <x@y>"}
    assert sent(declared(box)).verdict is Verdict.REFUSED
    box.refused["noc@example.org"] = b"450 busy"
    found = sent(declared(box))
    assert found.verdict is Verdict.DOWN
    assert found.reason == "answered noc@example.org: 450 busy; deputy@example.org: 550 no"
    assert not box.letters


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_name_and_password_go_inside_tls_only(
    secure: Letterbox, tmp_path: Path, scheme: str
) -> None:
    secure.at_once = scheme == "smtps"
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    password.chmod(0o600)
    found = declared(secure, scheme, starttls=True, user="vigie", secret_file=password)
    assert sent(found) == Outcome(Verdict.DELIVERED)
    verbs = [command.split()[0].upper() for command in secure.heard]
    assert verbs.index("TLS") < verbs.index("AUTH") < verbs.index("MAIL")
    assert secure.names == ["noc.example"], "TLS asks for the name, wherever we connect to"
    password.write_text("wrong\n")
    refused = sent(found)
    assert (refused.verdict, refused.reason) == (Verdict.DOWN, "answered 535 no")


def test_without_tls_nothing_is_sent_to_who_should_have_it(box: Letterbox) -> None:
    found = sent(declared(box, starttls=True))
    assert found.verdict is Verdict.DOWN
    assert "STARTTLS" in found.reason
    assert not box.recipients


def test_a_certificate_of_another_name_is_no_receiver(secure: Letterbox) -> None:
    url = f"smtp://other.example:{secure.port}"
    found = sent(declared(secure, url=url, starttls=True))
    assert found.verdict is Verdict.DOWN
    assert "certificate" in found.reason.lower()
    assert not secure.recipients


@pytest.mark.parametrize(
    ("code", "refusing", "meant"),
    [
        (421, False, Verdict.DOWN), (450, True, Verdict.DOWN), (521, False, Verdict.GONE),
        (530, False, Verdict.DOWN), (535, False, Verdict.DOWN), (550, False, Verdict.DOWN),
        (550, True, Verdict.REFUSED), (551, True, Verdict.REFUSED), (552, True, Verdict.REFUSED),
        (556, True, Verdict.GONE), (-1, False, Verdict.DOWN),
    ],
)  # fmt: skip
def test_what_a_reply_means(code: int, refusing: bool, meant: Verdict) -> None:
    found = answered(code, b"so\r\nit is", refusing=refusing)
    assert found.verdict is meant
    assert found.reason.endswith("so it is")
