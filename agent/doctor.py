"""Says what works here, what does not, and the command that mends it."""

import http.client
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent import clock, devices, health
from agent.apart import guarded
from agent.credential import Credential
from agent.health import Health
from agent.identity import credential_path, home
from agent.needs import lacking, there, wanted
from agent.runner import Moment, Reading, Runner
from agent.source import Source
from vigie.errors import VigieError
from vigie.settings import AgentSettings, Upstream

PROBE_SECONDS: Final = 5.0
CLOCK_SECONDS: Final = 2.0
"""A larger offset is a finding; the Date header is only good to the second."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table: what was looked at, how it is, what is missing, what to do.

    `fine` is False where a person should act.
    """

    subject: str
    status: str
    fine: bool
    missing: str = ""
    remedy: str = ""


def read_once(sources: Sequence[Source], off: Sequence[str]) -> tuple[list[Health], list[Reading]]:
    """One turn of every source, each in its own thread or process: none can hang this."""
    known = guarded(sources)
    runner = Runner(known, {s.name: s.period_seconds for s in known}, off=off)
    tick = runner.tick(Moment.now())
    limits = {s.name: s.limit_seconds for s in known}
    healths = list(runner.healths.values())
    while any(h.started is not None and not h.given_up for h in healths):
        tick.extend(runner.sleep(0.02))
        for left in healths:
            left.overdue(clock.seconds(), limits[left.source])
    runner.close(0.2)
    return healths, tick.readings


def sources(settings: AgentSettings, known: Sequence[Source]) -> list[Finding]:
    """How each source is."""
    healths, _ = read_once(known, settings.off)
    by_name = {s.name: s for s in known}
    return [line for h in healths for line in _of_source(by_name[h.source], h)]


def _of_source(source: Source, found: Health) -> list[Finding]:
    """How it is; then, a line each, what it lacks."""
    fine = found.status not in {health.FAILED, health.STUCK}
    lines = [Finding(source.name, found.word, fine, found.detail)]
    if found.status != health.OFF:
        # Where nothing is wrong, only what somebody could mend is worth a line.
        lacks = [lack for lack in lacking(source) if lack.grant or not fine]
        status = "would need" if fine else "needs"
        lines += [Finding(source.name, status, fine, wanted(r), r.grant) for r in lacks]
    return lines


def inventory(root: Path = Path("/")) -> list[Finding]:
    """What of the machine itself cannot be told, though it is there."""
    hidden = [r for r in devices.READS if (root / r.path[1:]).exists() and not there(r, root)]
    return [Finding("device", "would need", fine=True, missing=wanted(r), remedy=r.grant)
            for r in hidden]  # fmt: skip


def upstreams(settings: AgentSettings) -> list[Finding]:
    """Whether each upstream answers, knows our credential, and agrees on the time."""
    found: list[Finding] = []
    for upstream in settings.upstreams:
        found.extend(_of_upstream(settings, upstream))
    return found


def _of_upstream(settings: AgentSettings, upstream: Upstream) -> list[Finding]:
    subject = f"upstream {upstream.url}"
    try:
        credential = Credential.load(credential_path(settings, upstream), upstream.url)
    except VigieError as error:
        return [Finding(subject, "credential unreadable", fine=False, missing=str(error))]
    try:
        status, date = _ask(upstream.url, credential.token)
    except (OSError, http.client.HTTPException) as error:
        return [
            Finding(subject, "unreachable", fine=False, missing=str(error) or repr(error),
                    remedy="check that the collector runs there and that no firewall is between")
        ]  # fmt: skip
    return [_of_credential(subject, credential, status), _of_clock(date, time.time())]


def _of_credential(subject: str, credential: Credential, status: int) -> Finding:
    remedy = (
        "on the collector: vigie enroll agent NAME --scope SITE/CONTAINER; "
        "here: vigie agent run --enrol CODE"
    )
    if not credential.token:
        return Finding(subject, "not enrolled", fine=False, missing="credential", remedy=remedy)
    if status == HTTPStatus.UNAUTHORIZED:
        return Finding(
            subject, "credential refused", fine=False, missing=str(credential.path),
            remedy=f"rm {credential.path}; {remedy}",
        )  # fmt: skip
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Finding(subject, f"answers {status}", fine=False, missing="a ready collector")
    return Finding(subject, f"reachable, credential known, writes {credential.scope}", fine=True)


def _of_clock(date: str | None, now: float) -> Finding:
    """The offset of this clock against the Date header of an answer."""
    if not date:
        return Finding("clock", "unknown", fine=True, missing="the answer has no Date")
    offset = now - parsedate_to_datetime(date).timestamp() - 0.5
    if abs(offset) <= CLOCK_SECONDS:
        return Finding("clock", f"{offset:+.1f} s", fine=True)
    return Finding("clock", f"{offset:+.1f} s", fine=False, missing="a right clock",
                   remedy="sudo timedatectl set-ntp true")  # fmt: skip


def _ask(url: str, token: str) -> tuple[int, str | None]:
    """Status and Date of an answer that needs a credential and changes nothing."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PROBE_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(
            "GET", parts.path.rstrip("/") + "/api/v1/sessions/current", headers=headers
        )
        answer = connection.getresponse()
        answer.read(65_536)
        return answer.status, answer.headers.get("Date")
    finally:
        connection.close()


def spool(settings: AgentSettings) -> Finding:
    """How much of the spool is used, and whether its disk has room for the rest."""
    directory = home(settings) / "spool"
    used = sum(path.stat().st_size for path in directory.glob("*.spool"))
    nearest = next(p for p in (directory, *directory.parents) if p.exists())
    told = os.statvfs(nearest)
    free, limit = told.f_bavail * told.f_frsize, settings.spool_bytes
    status = f"{used / 1e6:.1f} of {limit / 1e6:.0f} MB used, {free / 1e6:.0f} MB free"
    if not os.access(nearest, os.W_OK):
        return Finding("spool", status, fine=False, missing=f"the right to write {nearest}",
                       remedy=f"sudo chown -R $(id -un) {nearest}")  # fmt: skip
    if free < limit - used:
        return Finding("spool", status, fine=False, missing="room on the disk",
                       remedy="free some, or set agent.spool_bytes lower")  # fmt: skip
    return Finding("spool", status, fine=True)


def examine(settings: AgentSettings, known: Sequence[Source]) -> list[Finding]:
    """Everything: sources, inventory, upstreams, clock, spool."""
    return [*sources(settings, known), *inventory(), *upstreams(settings), spool(settings)]
