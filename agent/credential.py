"""The agent's credential for one upstream: a file of mode 0600, got once for a one-time code."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent import files
from vigie.errors import VigieError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Credential:
    """A token, the URL that it is for, and the scope that it writes under."""

    path: Path
    url: str
    token: str = ""
    scope: str = ""

    @classmethod
    def load(cls, path: Path, url: str) -> Self:
        """What the file says; without a token when there is none for that URL.

        Raises:
            VigieError: the file is there and cannot be read, or is none of ours.
        """
        credential = cls(path, url)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["url"].rstrip("/") == url.rstrip("/"):
                credential.token, credential.scope = str(told["token"]), str(told["container"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise VigieError(
                f"{path}: no credential can be read there ({error}); "
                "remove it and enrol this agent again with --enrol CODE"
            ) from error
        return credential

    def reload(self) -> None:
        """Take a token that was put there meanwhile, if there is one."""
        try:
            fresh = Credential.load(self.path, self.url)
        except VigieError as error:
            log.warning("credential unreadable", extra={"reason": error})
            return
        if fresh.token:
            self.token, self.scope = fresh.token, fresh.scope

    def redeem(self, code: str) -> None:
        """Exchange a one-time code for a token, and store it.

        Raises:
            Refused: the code is unknown, used or expired.
            Unavailable: the upstream does not answer now.
        """
        from vigie.client import Client
        from vigie.replies import Secret

        with Client(self.url, "") as client:
            secret = client.post(Secret, "credentials", {"code": code})
        self.token, self.scope = secret.token, secret.container
        told = {"url": self.url, "token": self.token, "container": self.scope}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(self.path, json.dumps(told).encode())

    @property
    def container(self) -> str:
        """The container of the scope, "" where the scope is wider than one."""
        parts = self.scope.split("/")
        return "/".join(parts[:2]) if len(parts) >= 2 else ""

    @property
    def host(self) -> str:
        """The host of the scope, "" where the scope is wider than one."""
        parts = self.scope.split("/")
        return parts[2] if len(parts) > 2 else ""
