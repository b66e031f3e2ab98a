"""A calendar that is kept elsewhere, asked for over HTTP at an address that was checked."""

import http.client
import socket
from collections.abc import Iterable
from typing import Final

from alerts.delivery.address import AddressRefused, Allowed, Resolve, pinned, target
from alerts.receivers.post import USER_AGENT, Pinned, within
from alerts.roster.calendar import MAX_BYTES
from vigie.errors import Unavailable

TIMEOUT_SECONDS: Final = 20.0


def asked(url: str, allowed: Iterable[Allowed], resolve: Resolve = socket.getaddrinfo) -> bytes:
    """What is at an address; redirections are not followed.

    Raises:
        Unavailable: no answer in time, another status than 200, too much, or a forbidden address.
    """
    try:
        where = target(url)
        connection = Pinned(where, pinned(where, allowed, resolve), TIMEOUT_SECONDS)
        headers = {"Host": where.authority, "User-Agent": USER_AGENT, "Accept": "text/calendar"}
        with within(TIMEOUT_SECONDS, connection):
            connection.request("GET", where.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read(MAX_BYTES + 1)
    except AddressRefused as error:
        raise Unavailable(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"no answer: {type(error).__name__}: {error}"[:300]) from error
    if answer.status != http.client.OK:
        raise Unavailable(f"answered {answer.status}")
    if len(body) > MAX_BYTES:
        raise Unavailable(f"answers more than {MAX_BYTES >> 20} MiB; is it a roster?")
    return body
