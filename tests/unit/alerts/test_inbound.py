"""What a receiver may say back."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.signature import Signed, secrets, verify
from alerts.inbound import MAX_BYTES, Said, read
from tests.build.alarm import SECRET
from tests.house import ROOT


def body(kind: str = "alert.acknowledge", **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": {"id": "abc", **data}}).encode()


def test_somebody_has_it_in_hand() -> None:
    assert read(body(by=" Zoé  N. ", note="on\nit")) == Said(
        "alert.acknowledge", "abc", "Zoé N.", note="on it"
    )
    assert read(body()) == Said("alert.acknowledge", "abc")


def test_it_has_a_ticket_and_the_ticket_moves() -> None:
    assert read(body("alert.ticket", ticket="INC-1", status="open")) == Said(
        "alert.ticket", "abc", ticket="INC-1", status="open"
    )
    assert read(body("alert.ticket", status="closed")).ticket is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "at most"),
        (b"[" * 19_000, "JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "is wanted"),
        (b'{"type": "alert.acknowledge", "data": []}', "is wanted"),
        (b'{"type": "alert.acknowledge", "data": {}}', "data.id"),
        (body(id=7), "data.id: a text"),
        (body(id="x" * 81), "data.id: at most 80"),
        (body("alert.resolve"), "alert.acknowledge or alert.ticket"),
        (json.dumps({"type": ["alert.ticket"], "data": {"id": "a"}}).encode(), "type:"),
        (body(by="a\u202eb"), "printable"),
        (body(note="x" * 1001), "data.note"),
        (body("alert.ticket"), "one of them"),
        (body("alert.ticket", ticket="<script>"), "INC-1234"),
        (body("alert.ticket", ticket="A", status="x" * 41), "data.status"),
        (b'"' + b"x" * MAX_BYTES + b'"', "at most"),
    ],
)
def test_anything_else_is_refused_by_the_member_that_is_wrong(given: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(given)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_shell_of_the_documentation_signs_as_we_verify(tmp_path: Path) -> None:
    page = (ROOT / "docs/roster.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(acknowledge\(\).*?)```", page, re.DOTALL)
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done > words\n')
    curl.chmod(0o755)
    (tmp_path / "duty.secret").write_text(f"{SECRET}\n")
    (tmp_path / "duty.secret").chmod(0o600)
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(["sh", "-euc", script], check=True, cwd=tmp_path, env={"PATH": path})
    words = (tmp_path / "words").read_text().splitlines()
    headers = dict(word.split(": ", 1) for word in words if ": " in word and word[0] != "{")
    sent = words[words.index("--data-binary") + 1].encode()
    signed = Signed(*(headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")))
    verify(secrets(tmp_path / "duty.secret"), signed, sent, time.time())
    assert read(sent) == Said("alert.acknowledge", "5778b2698349494a425f8f4a", "Alice")
