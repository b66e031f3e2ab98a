"""What is bought: no use is covered twice, and no container come by twice."""

from datetime import date

from vigie.network.contracts import EnergyContract
from vigie.network.declared import Declared
from vigie.network.operators import Status
from vigie.positions import TomlPath


def check(declared: Declared) -> None:
    """Fault energy contracts and purchases that overlap; a study is beside what there is."""
    sites = {site: None for _, contract in declared.energy for site in contract.sites}
    for site in sites:
        _shares(declared, site)
    _purchases(declared)


def _shares(declared: Declared, site: str) -> None:
    """What is in force at once only grows where a contract begins: those days are looked at."""
    known: list[tuple[TomlPath, EnergyContract]] = []
    for at, contract in declared.energy:
        if site not in contract.sites or contract.status is Status.STUDIED:
            continue
        known.append((at, contract))
        days = {c.begins or date.min for _, c in known}
        covering = ([c for _, c in known if c.covers(day)] for day in days if contract.covers(day))
        worst = max(covering, key=lambda force: sum(c.share for c in force))
        total = sum(c.share for c in worst)
        if total > 1 + 1e-9:
            others = ", ".join(c.id for c in worst if c is not contract)
            told = f"with {others}, {total * 100:g} % of the use of {site} is covered"
            declared.fault((*at, "share"), f"{told}; lower the shares to 100 %, or part the terms")


def _purchases(declared: Declared) -> None:
    first: dict[str, str] = {}
    for at, purchase in declared.purchases:
        if purchase.status is Status.STUDIED:
            continue
        for n, path in enumerate(purchase.containers):
            if path in first:
                told = f"{path!r} is in {first[path]!r} already; it is come by once"
                declared.fault((*at, "containers", n), told)
            first.setdefault(path, purchase.id)
