"""`python -m collector.api.gates CHANNEL THROUGH`: a gate, begun by the collector."""

import sys

from collector.api.gates.gate import run

if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
