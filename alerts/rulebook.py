"""The rules in force: those of the package, and those of the operator's own folder.

A rule of the operator's replaces the packaged one of the same name.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from alerts.language.past import Window
from alerts.load import load
from alerts.rule import Rule
from alerts.settled import settled
from vigie.errors import SettingsError
from vigie.network.thresholds import Threshold
from vigie.shape import Measurement

log = logging.getLogger(__name__)

PACKAGED: Final = Path(__file__).parent / "rules"
NETWORK: Final = Path("network")
"""Where faults of thresholds stand that a network sets."""


def files(folder: Path | None) -> list[Path]:
    """The rule files of a folder, in order.

    Raises:
        SettingsError: there is no such folder.
    """
    if folder is None:
        return []
    if not folder.is_dir():
        raise SettingsError(f"{folder}: no such folder; create it, or change collector.rules")
    return sorted(folder.glob("*.toml"))


def merged(packaged: Iterable[Rule], own: Mapping[Path, Sequence[Rule]]) -> dict[str, Rule]:
    """All rules by name, the operator's own over the packaged ones.

    Raises:
        SettingsError: two of the operator's own share a name.
    """
    rules = {rule.name: rule for rule in packaged}
    mine: dict[str, Rule] = {}
    for found in own.values():
        for rule in found:
            if rule.name in mine:
                raise SettingsError(
                    f"{rule.origin}: rule {rule.name} stands already at {mine[rule.name].origin}; "
                    "rename one"
                )
            mine[rule.name] = rule
    return rules | mine


class Rulebook:
    """The rules in force. A file that breaks while we run leaves its old rules in force."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read all files.

        Raises:
            SettingsError: one is wrong, and we have no older version of it.
        """
        self._folder = folder
        self._packaged = [rule for path in files(PACKAGED) for rule in load(path)]
        self._own: dict[Path, tuple[Rule, ...]] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self.faults: dict[Path, str] = {}
        """What is wrong with files that were right before; empty when all is well."""
        faults = []
        for path in files(folder):
            try:
                self._own[path] = load(path)
                self._seen[path] = _stamp(path)
            except SettingsError as error:
                faults.append(str(error))
        if faults:
            raise SettingsError("\n".join(faults))
        self._written = self.rules = merged(self._packaged, self._own)
        self._thresholds: Callable[[], Sequence[Threshold]] = tuple
        self._given: tuple[Threshold, ...] = ()

    def follow(self, thresholds: Callable[[], Sequence[Threshold]]) -> None:
        """Settle thresholds as these say from now on, looked at with every `refresh`."""
        self._thresholds = thresholds
        self._settle()

    def windows(self, measurement: type[Measurement]) -> frozenset[Window]:
        """What its rules ask of the past of a measurement."""
        rules = (r for r in self.rules.values() if r.measurement is measurement)
        return frozenset(window for rule in rules for window in rule.windows)

    def refresh(self) -> bool:
        """Read again what changed; true when other rules are in force than before."""
        try:
            present = files(self._folder)
        except SettingsError as error:
            self._complain(self._folder or PACKAGED, str(error))
            return False
        own = {path: rules for path, rules in self._own.items() if path in present}
        changed = len(own) != len(self._own)
        for gone in [path for path in self._seen if path not in present]:
            del self._seen[gone]
            self.faults.pop(gone, None)
        for path in present:
            stamp = _stamp(path)
            if self._seen.get(path) == stamp:
                continue
            self._seen[path] = stamp
            try:
                own[path] = load(path)
                self.faults.pop(path, None)
                changed = True
            except SettingsError as error:
                self._complain(path, str(error))
        adopted = self._adopt(own) if changed else False
        return self._settle(again=adopted) or adopted

    def _adopt(self, own: dict[Path, tuple[Rule, ...]]) -> bool:
        try:
            self._written = merged(self._packaged, own)
        except SettingsError as error:
            self._complain(self._folder or PACKAGED, str(error))
            return False
        self._own = own
        log.info("rules read again", extra={"rules": len(self.rules)})
        return True

    def _settle(self, *, again: bool = False) -> bool:
        """Give rules the thresholds that places have; what does not fit leaves a rule's own."""
        given = tuple(self._thresholds())
        if given == self._given and not again:
            return False
        self._given = given
        self.rules, misfits = settled(self._written, given)
        self.faults.pop(NETWORK, None)
        if misfits:
            told = (f"thresholds[{m.number + 1}].{m.part}: {m.message}" for m in misfits)
            self._complain(NETWORK, "\n".join(told))
        return True

    def _complain(self, path: Path, fault: str) -> None:
        if self.faults.get(path) != fault:
            log.error("rule file is wrong; its old rules stay in force", extra={"fault": fault})
        self.faults[path] = fault


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size
