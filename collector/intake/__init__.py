"""From the wire to checked readings: who may send what, how much, and whether it is well formed."""
