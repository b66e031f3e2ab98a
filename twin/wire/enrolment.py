"""One credential for each container that is played: simulated for life, and enrolled by itself."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.credential import Credential
from vigie.client import Client
from vigie.commands import asking
from vigie.errors import Unavailable, VigieError
from vigie.fragments import KEY_BYTES
from vigie.replies import Enrolment, FragmentKey

AGENT: Final = "twin"
"""The name that every played agent has; what tells them apart is their container."""
LONGEST_WAIT_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class Registry:
    """Where the twin gets its credentials; they are kept below a folder, a file each, 0600."""

    def __init__(self, url: str, data: Path, ending: threading.Event) -> None:
        """`data` is the data directory, in which a registrar's token lies."""
        self._url, self._data, self._ending = url, data, ending

    def folder(self, path: str) -> Path:
        """Where what belongs to a container lies."""
        return self._data / AGENT / path

    def credentials(self, paths: Sequence[str]) -> list[Credential]:
        """Those of these containers, enrolled where there is none; fewer when we are to end.

        Raises:
            Refused: the collector does not let them in; it says why.
            VigieError: there is no token to enrol with.
        """
        found = []
        for path in paths:
            known = Credential.load(self.folder(path) / "credential", self._url)
            if not known.token:
                self._enrol(path, known)
            if self._ending.is_set():
                break
            found.append(known)
        return found

    def key(self, credential: Credential) -> bytes:
        """What the names of objects are hidden with, the same for the whole network.

        Raises:
            Refused: the collector does not tell it.
            Unavailable: what it tells is no key.
        """
        failures = 0
        while not self._ending.is_set():
            try:
                with Client(self._url, credential.token) as client:
                    key = bytes.fromhex(client.get(FragmentKey, "fragments/key").key)
            except Unavailable as error:
                failures += 1
                self._wait(failures, error)
            except ValueError as error:
                raise Unavailable(f"{self._url}: its fragments/key is none: {error}") from error
            else:
                return key
        return bytes(KEY_BYTES)

    def _enrol(self, path: str, credential: Credential) -> None:
        """Try until it works, while the collector does not answer."""
        failures = 0
        while not self._ending.is_set() and not credential.token:
            newcomer = {"kind": "agent", "name": AGENT, "scope": path, "simulated": True}
            try:
                with Client(self._url, self._registrar()) as client:
                    code = client.post(Enrolment, "principals", newcomer).code
                credential.redeem(code)
            except Unavailable as error:
                failures += 1
                self._wait(failures, error)
            else:
                log.info("enrolled", extra={"container": path})

    def _registrar(self) -> str:
        try:
            return asking.token(self._data / asking.REGISTRAR)
        except VigieError as error:
            raise VigieError(
                f"{error}; the twin enrols what it plays, and needs the data directory of its "
                "collector"
            ) from error

    def _wait(self, failures: int, error: Unavailable) -> None:
        log.warning("waiting for the collector", extra={"url": self._url, "reason": error})
        self._ending.wait(error.retry_after or min(LONGEST_WAIT_SECONDS, 0.5 * failures))
