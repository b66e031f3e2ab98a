"""`make bench`: every measurement in turn, or `make bench ARGS="ingest --ticks 10"` for one."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from bench import (
    agent,
    fragments,
    gpu,
    ingest,
    inventory,
    jobtrace,
    kills,
    kpis,
    many,
    margins,
    notify,
    pace,
    plans,
    questions,
    relay,
    restart,
    rollups,
    rulepack,
    scrub,
    sovereignty,
    store,
    twin,
    twinframes,
    unrolled,
)
from bench.peers import cli as peers

BENCHES: Final[Mapping[str, Callable[[], object]]] = {
    "agent": agent.main,
    "gpu": gpu.main,
    "questions": questions.main,
    "rollups": rollups.main,
    "unrolled": unrolled.main,
    "inventory": inventory.main,
    "scrub": scrub.main,
    "store": store.main,
    "pace": pace.main,
    "ingest": ingest.main,
    "relay": relay.main,
    "fragments": fragments.main,
    "margins": margins.main,
    "many": many.main,
    "kills": kills.main,
    "plans": plans.main,
    "jobtrace": jobtrace.main,
    "notify": notify.main,
    "rulepack": rulepack.main,
    "restart": restart.main,
    "kpis": kpis.main,
    "sovereignty": sovereignty.main,
    "twin": twin.main,
    "twinframes": twinframes.main,
    "peers": peers.main,
}


def main() -> int:
    """Run what was asked for; what follows a name is its own."""
    words = sys.argv[1:]
    if words and words[0] not in BENCHES:
        print(f"bench: there is no {words[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    for name in words[:1] or BENCHES:
        print(f"\n== {name}")
        sys.argv = [f"bench {name}", *words[1:]]
        BENCHES[name]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
