"""Indicators out of readings and declarations; `vigie.indicators` names them. Pure.

`facts.py` is what they are made of, `made.py` what they are made to, `sums.py` the arithmetic in
between; `meters.py` and `metered.py` say what meters come to. The families are `energy/`,
`carbon/`, `service.py`, `cost.py` and `sovereignty/`, on `supply/` (grids and contracts) and
`factors/` (what others published); `methods.py` has them all. A module says in `METHODS` which
indicators it makes.

Unknown stays unknown: what is not measured is null with a reason, and what is measured in part is
the part, with its coverage; nothing is scaled up.
"""
