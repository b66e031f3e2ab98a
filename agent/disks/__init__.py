"""Disks as they describe themselves: what smartctl prints, what it means, and what changed.

Everything here but `history` and `found` is pure; `agent/sources/disk_smart.py` reads.
"""
