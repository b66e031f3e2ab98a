"""What the collector counts of itself; `api/metrics.py` shows it as `vigie_collector_<name>`."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_LABEL_SETS: Final = 2_000
"""Label sets kept per name; what comes after is counted under `other`."""
OTHER: Final = "other"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: `kind` is `counter` or `gauge`."""

    name: str
    kind: str
    labels: Labels
    value: float


class Counters:
    """Named numbers with bounded labels, safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, dict[Labels, float]] = {}
        self._gauges: dict[str, dict[Labels, float]] = {}
        self._reads: dict[str, Callable[[], float]] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Let a counter grow; its name ends in `_total`."""
        with self._lock:
            known = self._counters.setdefault(name, {})
            at = _bounded(known, tuple(sorted(labels.items())))
            known[at] = known.get(at, 0) + amount

    def set(self, name: str, value: float, **labels: str) -> None:
        """Say what a gauge is now."""
        with self._lock:
            known = self._gauges.setdefault(name, {})
            known[_bounded(known, tuple(sorted(labels.items())))] = value

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for."""
        with self._lock:
            self._reads[name] = read

    def value(self, name: str, **labels: str) -> float:
        """What a counter or gauge says now; 0 where nothing was counted."""
        at = tuple(sorted(labels.items()))
        with self._lock:
            for group in (self._counters, self._gauges):
                if name in group:
                    return group[name].get(at, 0)
        return 0

    def samples(self) -> Iterator[Sample]:
        """Everything counted, name by name."""
        with self._lock:
            counters = {name: dict(known) for name, known in self._counters.items()}
            gauges = {name: dict(known) for name, known in self._gauges.items()}
            reads = dict(self._reads)
        for name, read in reads.items():
            gauges.setdefault(name, {})[()] = read()
        for kind, group in (("counter", counters), ("gauge", gauges)):
            for name in sorted(group):
                for labels, value in group[name].items():
                    yield Sample(name, kind, labels, value)


def _bounded(known: dict[Labels, float], labels: Labels) -> Labels:
    if labels in known or len(known) < MAX_LABEL_SETS:
        return labels
    return tuple((name, OTHER) for name, _ in labels)
