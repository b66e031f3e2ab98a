"""Mergeable states of windows: what a minute and an hour of readings come down to. Pure.

`columns` says what a window holds, `roll` makes windows of readings, `merge` makes wider windows
of windows, `increase` reads energies and other totals out of them. No step loses any: the time
between the last reading of one window and the first of the next is added when they meet.
"""
