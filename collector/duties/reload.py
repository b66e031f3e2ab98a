"""The duty that reads the network again when its files change; a broken file keeps the old."""

import logging
from datetime import datetime
from typing import Final

from collector.counters import Counters
from collector.networks import Networks
from vigie.errors import SettingsError
from vigie.network.choice import Choice, Stamp

log = logging.getLogger(__name__)

BROKEN: Final = "network_broken"
FAILURES: Final = "network_reload_failures_total"


class Reload:
    """Looks at the files of the network, and has their content accepted."""

    def __init__(self, choice: Choice, networks: Networks, counters: Counters) -> None:
        self._choice, self._networks, self._counters = choice, networks, counters
        self._seen: Stamp | None = None
        self._fault: str | None = None
        counters.set(BROKEN, 0)
        counters.add(FAILURES, 0)

    def fault(self) -> str | None:
        """What is wrong with the files now, with file and line; None when all is well."""
        return self._fault

    def start(self, now: float) -> None:
        """Read the files for the first time; the last version stays where they are broken.

        Raises:
            SettingsError: they are broken, and there is no version to go on with.
        """
        self._look(now)
        if self._fault is not None and not self._networks.known:
            raise SettingsError(self._fault)

    def run(self, now: datetime) -> None:
        """One turn: nothing where no file changed."""
        self._look(now.timestamp())

    def _look(self, now: float) -> None:
        # Before reading: what changes meanwhile is seen by the next turn.
        stamp = self._choice.stamp()
        if stamp == self._seen:
            return
        try:
            network = self._choice.load()
        except SettingsError as error:
            self._complain(str(error))
        else:
            if self._networks.accept(network, now):
                log.info("network accepted", extra={"version": network.version[:12]})
            if self._fault is not None:
                log.info("network files are right again")
            self._fault = None
            self._counters.set(BROKEN, 0)
        self._seen = stamp

    def _complain(self, fault: str) -> None:
        if fault != self._fault:
            log.error("network files are wrong; the last version stays", extra={"fault": fault})
        self._fault = fault
        self._counters.add(FAILURES)
        self._counters.set(BROKEN, 1)
