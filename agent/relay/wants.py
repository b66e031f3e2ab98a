"""What the upstreams ask of each agent: told it with its next answer."""

import threading
from collections.abc import Iterable, Mapping

Agent = tuple[str, str]
"""Container and agent."""


class Wants:
    """Inventories asked for, by agent and upstream; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[Agent, dict[str, tuple[str, ...]]] = {}

    def told(self, upstream: str, wanted: Mapping[Agent, tuple[str, ...]]) -> None:
        """What an upstream asks of the agents whose frames it answers: nothing is an answer too."""
        with self._lock:
            for agent, names in wanted.items():
                if names:
                    self._wanted.setdefault(agent, {})[upstream] = names
                elif agent in self._wanted:
                    self._wanted[agent].pop(upstream, None)
                    if not self._wanted[agent]:
                        del self._wanted[agent]

    def of(self, agents: Iterable[Agent]) -> list[str]:
        """What some agents of one request are asked for."""
        if not self._wanted:
            return []
        with self._lock:
            return sorted(
                {n for a in agents for names in self._wanted.get(a, {}).values() for n in names}
            )
