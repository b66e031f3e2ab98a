"""The relay's own figures, as Prometheus text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from agent import clock
from agent.relay.carry import Carrier
from agent.relay.desk import Desk
from agent.relay.known import Known
from agent.relay.shelf import Shelf
from agent.usage import Usage

_OF_UPSTREAMS: Final[Mapping[tuple[str, str], Callable[[Carrier], float]]] = {
    ("frames_sent_total", "Frames that an upstream holds."): lambda c: c.sent,
    ("frames_refused_total", "Frames that an upstream refused for good."): lambda c: c.refused,
    ("upstream_requests_total", "Requests sent."): lambda c: c.requests,
    ("upstream_failures_total", "Requests that were not taken then."): lambda c: c.failures_total,
    ("upstream_trouble", "1 while an upstream takes no frames."): lambda c: c.trouble is not None,
}


class Page:
    """Writes the page for whoever asks."""

    def __init__(self, shelf: Shelf, known: Known, carriers: Sequence[Carrier]) -> None:
        self._shelf, self._known, self._carriers = shelf, known, carriers
        self._usage = Usage()

    def __call__(self, desk: Desk) -> str:
        """The text of `GET /metrics`."""
        return "".join(
            text for part in (self._own(desk), self._upstreams(clock.seconds())) for text in part
        )

    def _own(self, desk: Desk) -> Iterator[str]:
        counts = desk.counts
        yield _family("requests_total", "Requests with frames taken.", {"": counts.requests})
        yield _family("frames_held_total", "Frames said to be held.", {"": counts.frames})
        faults = {f'fault="{fault}"': n for fault, n in sorted(counts.refused.items())}
        yield _family("refused_total", "Requests refused, by fault.", faults)
        dropped = {"": self._shelf.dropped}
        yield _family("frames_dropped_total", "Frames lost of the spool, told as gaps.", dropped)
        yield _family("in_hand_bytes", "Bodies that are not on disk yet.", {"": desk.in_hand})
        yield _family("spool_bytes", "Size of the spool.", {"": self._shelf.bytes})
        yield _family("agents", "Credentials known to be good.", {"": len(self._known)})
        spent = self._usage.cpu_seconds([])
        yield _family("cpu_seconds_total", "Time of processors used.", {"": spent})
        if (memory := self._usage.memory_bytes([])) is not None:
            yield _family("memory_bytes", "Resident memory.", {"": memory})

    def _upstreams(self, now: float) -> Iterator[str]:
        for (name, words), figure in _OF_UPSTREAMS.items():
            yield _family(name, words, {_label(c): figure(c) for c in self._carriers})
        unsent = {_label(c): self._shelf.unsent(c.url, now) for c in self._carriers}
        lacking = {label: count for label, (count, _) in unsent.items()}
        yield _family("unsent_requests", "Requests of agents that an upstream lacks.", lacking)
        oldest = {label: age for label, (_, age) in unsent.items()}
        yield _family("unsent_oldest_seconds", "How long the oldest file has had one.", oldest)


def _label(carrier: Carrier) -> str:
    return f'upstream="{carrier.url}"'


def _family(name: str, words: str, values: Mapping[str, float]) -> str:
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# HELP vigie_relay_{name} {words}", f"# TYPE vigie_relay_{name} {kind}"]
    for labels, value in values.items():
        lines.append(f"vigie_relay_{name}{{{labels}}} {value:.10g}" if labels else
                     f"vigie_relay_{name} {value:.10g}")  # fmt: skip
    return "\n".join(lines) + "\n"
