"""A copy of the alerts in a real Alertmanager, through version 2 of its API.

It keeps nothing and ends by itself what it hears no more of: what is open is told again every
minute, what is over for five minutes.
"""

import base64
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

from alerts import text
from alerts.delivery.address import AddressRefused, Resolve, pinned, target
from alerts.delivery.message import Message
from alerts.delivery.private import password
from alerts.receivers.declared import Declared
from alerts.receivers.labels import Entry, entries, entry
from alerts.receivers.outcome import Outcome, Verdict
from alerts.receivers.post import posted, silence
from vigie.errors import SettingsError

PATH: Final = "/api/v2/alerts"
OPEN_SECONDS: Final = 300.0
"""How long it believes that an alert is open: four times what lies between tellings, or more."""
TEST_SECONDS: Final = 60.0
BATCH: Final = 500


class Alertmanager:
    """One Alertmanager that shows our alerts beside others'."""

    def __init__(self, declared: Declared, resolve: Resolve = socket.getaddrinfo) -> None:
        self._declared, self._resolve = declared, resolve
        self._target = target(declared.url.rstrip("/") + PATH)

    def deliver(self, message: Message, now: float) -> Outcome:
        """Try once."""
        try:
            found = entries(json.loads(message.body), self._declared.language)
        except ValueError as error:
            return Outcome(Verdict.REFUSED, f"{message.id} has no form of ours: {error}")
        return self._told(found, message.id, now)

    def again(self, standing: Sequence[Mapping[str, Any]], now: float) -> Outcome:
        """Tell once more what stands: the `data` of every alert that is open, or just over."""
        for first in range(0, len(standing), BATCH):
            batch = standing[first : first + BATCH]
            found = [entry(data, self._declared.language) for data in batch]
            outcome = self._told(found, "", now)
            if outcome.verdict is not Verdict.DELIVERED:
                return outcome
        return Outcome(Verdict.DELIVERED)

    def _told(self, found: Sequence[Entry], identity: str, now: float) -> Outcome:
        try:
            headers = {"Content-Type": "application/json", **self._proof()}
            address = pinned(self._target, self._declared.allow, self._resolve)
        except (AddressRefused, SettingsError) as error:
            return Outcome(Verdict.DOWN, str(error))
        except (OSError, ValueError) as error:
            return silence(error)
        if identity:
            headers["webhook-id"] = identity
        body = json.dumps([_posted(one, now) for one in found], ensure_ascii=False).encode(
            "utf-8", errors="replace"
        )
        return posted(
            self._target, address, body, headers, timeout=self._declared.timeout, now=now
        )  # fmt: skip

    def _proof(self) -> dict[str, str]:
        """What a proxy before it may ask for: a name and password, or a token."""
        declared = self._declared
        if declared.secret_file is None:
            return {}
        secret = password(declared.secret_file)
        if not declared.user:
            return {"Authorization": f"Bearer {secret}"}
        pair = base64.b64encode(f"{declared.user}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def _posted(told: Entry, now: float) -> dict[str, Any]:
    seconds = TEST_SECONDS if told.state == "test" else OPEN_SECONDS
    return {
        "labels": told.labels,
        "annotations": told.annotations,
        "startsAt": told.starts,
        "endsAt": told.ends or text.moment(now + seconds),
    }
