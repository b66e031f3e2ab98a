from pathlib import Path

import pytest

from alerts.delivery.retry import PROMPT, STANDARD
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.file import load
from alerts.rulebook import Rulebook
from vigie.errors import SettingsError

FILE = """\
[[receiver]]
name = "duty"
kind = "webhook"
url = "https://noc.example/vigie"
secret_file = "duty.secret"
"""
RULE = Rulebook().rules["filesystem_filling"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "duty.secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    (tmp_path / "duty.secret").chmod(0o600)
    return tmp_path / "receivers.toml"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_without_a_file_nobody_is_told() -> None:
    assert load(None) == ()


def test_a_receiver_has_defaults_that_are_safe(path: Path) -> None:
    (found,) = load(written(path, FILE))
    assert found.secret_file == path.parent / "duty.secret"
    assert (found.min_priority, found.scope, found.simulated_allowed) == (3, "", False)
    assert (found.allow, found.timeout, found.ladder.waits) == ((), 15.0, PROMPT)


@pytest.mark.parametrize(
    ("retry", "waits"),
    [('"prompt"', PROMPT), ('"standard"', STANDARD), ('["0s", "5s", "2min"]', (0.0, 5.0, 120.0))],
)
def test_when_to_try_again_can_be_chosen(path: Path, retry: str, waits: tuple[float, ...]) -> None:
    (found,) = load(written(path, f"{FILE}retry = {retry}\njitter = true\n"))
    assert found.ladder.waits == waits
    assert found.ladder.jitter


MAIL = """\
[[receiver]]
name = "desk"
kind = "mail"
url = "smtp://mail.example"
to = ["noc@example.org", "deputy@example.org"]
sender = "vigie@example.org"
user = "vigie"
secret_file = "password"
"""


def test_a_mail_has_addresses_and_a_password(path: Path) -> None:
    (path.parent / "password").write_text("open sesame\n")
    (path.parent / "password").chmod(0o600)
    (found,) = load(written(path, MAIL))
    assert found.to == ("noc@example.org", "deputy@example.org")
    assert (found.secret_file, found.starttls) == (path.parent / "password", True)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("smtp:", "https:", "url: 'https://mail.example': smtp://… or smtps://… is wanted"),
        ("to =", "#", "receiver[1].to: is missing: whom to write to"),
        ("deputy@", "deputy <x@y>, ", "is no address like noc@example.org"),
        ('"noc@', '"noc\\nBcc: x@', "is no address like noc@example.org"),
        ("sender =", "#", "receiver[1].sender: '' is no address"),
        ("user =", "#", "secret_file: a password goes with a user; name the user"),
        ("user", "starttls = false\nuser", "a password goes nowhere without TLS"),
        ("user", 'format = "text"\nuser', "receiver[1].format: only a webhook has this"),
        ("user", "min_priority = 4\nuser", "4 is not one of the words"),
        ('"desk"', '"a/b"', "name: 1 to 64 printable characters without / are wanted"),
        ('"password"', '"gone"', "secret_file: "),
    ],
)  # fmt: skip
def test_a_faulty_mail_is_refused_where_it_is(
    path: Path, old: str, new: str, fault: str
) -> None:  # fmt: skip
    (path.parent / "password").write_text("open sesame\n")
    (path.parent / "password").chmod(0o600)
    with pytest.raises(SettingsError) as caught:
        load(written(path, MAIL.replace(old, new, 1)))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("secret_file", "#", "secret_file: is missing: messages in our own format are signed"),
        ("kind", 'to = ["a@b"]\nkind', "to: only a mail has this, not a webhook; leave it out"),
        ("kind", 'user = "x"\nkind', "user: a user goes with the password"),
        ('"webhook"', '"alertmanager"\nformat = "text"', "format: only a webhook has this"),
    ],
)
def test_what_a_kind_lacks_or_has_not_is_said(path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(path, FILE.replace(old, new, 1)))
    assert fault in str(caught.value)


def test_a_chat_needs_no_secret(path: Path) -> None:
    text = FILE.replace("secret_file", "#").replace("kind =", 'format = "text"\nkind =')
    (found,) = load(written(path, text))
    assert (found.format, found.secret_file) == ("text", None)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("url", "ulr", "receivers.toml:4: receiver[1].ulr: no such setting; did you mean url?"),
        ("https:", "ftp:", "receivers.toml:4: receiver[1].url: 'ftp://noc.example/vigie': http"),
        ("noc.", "u:p@noc.", "receiver[1].url: a URL must not carry a name or a password"),
        ("webhook", "webhok", "no kind of receiver is called 'webhok'; did you mean webhook?"),
        ("duty.secret", "other.secret", "receivers.toml:5: receiver[1].secret_file: "),
        ("kind", 'retry = "often"\nkind', '"prompt", "standard" or durations'),
        ("kind", 'allow = ["10.0.0.0/8"]\nkind', "a network and a port like"),
        ("kind", 'timeout = "5min"\nkind', "300.0 is out of range; 0.1 to 30 is allowed"),
        ("kind", "min_priority = 0\nkind", "0 is not one of the words"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_to_do(path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(path, FILE.replace(old, new, 1)))
    assert fault in str(caught.value)


def test_names_are_unique(path: Path) -> None:
    with pytest.raises(SettingsError, match="two receivers are named duty; rename one"):
        load(written(path, FILE + FILE))


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("", True), ("min_priority = 2", True), ("min_priority = 1", False),
        ('scope = "paris"', True), ('scope = "paris/a"', True), ('scope = "paris/a/h1"', True),
        ('scope = "paris/a/h2"', False), ('scope = "par"', False), ('scope = "lyon"', False),
    ],
)  # fmt: skip
def test_who_wants_what(path: Path, setting: str, wanted: bool) -> None:
    (found,) = load(written(path, f"{FILE}{setting}\n"))
    alert = Alert("a", RULE.name, Subject("paris/a", ("h1", "/")), 2, State.FIRING, 0, 0)
    assert found.wants(alert, RULE) is wanted


def test_a_simulated_alert_is_for_who_declared_it(path: Path) -> None:
    alert = Alert("a", RULE.name, Subject("p", ("h1", "/")), 2, State.FIRING, 0, 0, simulated=True)
    for allowed in (False, True):
        text = f"{FILE}simulated_allowed = {str(allowed).lower()}\n"
        (found,) = load(written(path, text))
        assert found.wants(alert, RULE) is allowed
