"""Indicators out of readings and declarations; `vigie.indicators` names them. Pure.

Unknown stays unknown: what is not measured is null with a reason, and what is measured in part is
the part, with its coverage; nothing is scaled up.
"""
