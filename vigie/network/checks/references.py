"""Every name that one table takes from another exists there, and no name is given twice."""

from collections.abc import Iterable

from vigie.indicators import INDICATORS
from vigie.network.declared import Declared, identity
from vigie.network.operators import Status
from vigie.network.places import inside, scope_of
from vigie.positions import TomlPath

_ORGANISATION = "organisation (operators, owners, suppliers)"


def check(declared: Declared) -> None:
    """Fault what refers to nothing, and what is declared again."""
    _unique(declared)
    _organisations(declared)
    _places(declared)
    _bought(declared)
    _scopes(declared)
    _policies(declared)
    _thresholds(declared)


def _unique(declared: Declared) -> None:
    first: dict[tuple[str, str], TomlPath] = {}
    stores: dict[str, TomlPath] = {}
    for table, at, value in declared.everything():
        key = identity(table, value)
        if key is not None:
            _once(
                declared,
                (*at, "name" if table == "meters" else "id"),
                key[1],
                first.setdefault(key, at),
            )
    for at, site in declared.sites:
        permits: dict[str, TomlPath] = {}
        for n, permit in enumerate(site.permits):
            place = (*at, "permits", n)
            _once(declared, (*place, "id"), permit.id, permits.setdefault(permit.id, place))
    for at, placement in declared.placements:
        if placement.status is not Status.STUDIED:
            _once(declared, (*at, "store"), placement.store, stores.setdefault(placement.store, at))


def _once(declared: Declared, at: TomlPath, name: str, first: TomlPath) -> None:
    if first != at[:-1]:
        place = declared.reader.document.where(first)
        declared.fault(at, f"{name!r} is declared already at {place}; choose another")


def _organisations(declared: Declared) -> None:
    known = declared.ids("operators", "owners", "suppliers")
    for at, organisation in (*declared.operators, *declared.owners, *declared.suppliers):
        for n, share in enumerate(organisation.owners or ()):
            declared.refer((*at, "owners", n), share.owner, _ORGANISATION, known)
    for at, site in declared.sites:
        declared.refer((*at, "operator"), site.operator, "operator", declared.ids("operators"))
        declared.refer((*at, "owner"), site.owner, _ORGANISATION, known)
        declared.refer((*at, "landlord"), site.landlord, _ORGANISATION, known)
    for at, container in declared.containers:
        _each(declared, (*at, "management"), container.management or (), _ORGANISATION, known)
        _each(declared, (*at, "technology"), container.technology or (), _ORGANISATION, known)
    for at, contract in declared.energy:
        declared.refer((*at, "supplier"), contract.supplier or None, _ORGANISATION, known)
    for at, pilot in declared.pilots:
        declared.refer((*at, "supplier"), pilot.supplier, _ORGANISATION, known)
        for n, partner in enumerate(pilot.partners):
            place = (*at, "partners", n, "operator")
            declared.refer(place, partner.operator, "operator", declared.ids("operators"))
    for at, tenant in declared.tenants:
        bodies = known | declared.ids("tenants")
        declared.refer((*at, "acting_for"), tenant.acting_for, "organisation or tenant", bodies)


def _places(declared: Declared) -> None:
    sites, containers = declared.ids("sites"), declared.paths
    for at, container in declared.containers:
        declared.refer((*at, "site"), container.site, "site", sites)
    for at, meter in declared.meters:
        declared.refer((*at, "container"), meter.container, "container", containers)
    for at, tenant in declared.tenants:
        declared.refer((*at, "home"), tenant.home, "site", sites)
    for at, perimeter in declared.perimeters:
        _each(declared, (*at, "sites"), perimeter.sites, "site", sites)
    for at, tenancy in declared.tenancies:
        _each(declared, (*at, "sites"), tenancy.sites, "site", sites)
        _each(declared, (*at, "tenants"), tenancy.tenants, "tenant", declared.ids("tenants"))
    for at, pilot in declared.pilots:
        for n, partner in enumerate(pilot.partners):
            place = (*at, "partners", n, "container")
            declared.refer(place, partner.container, "container", containers)


def _bought(declared: Declared) -> None:
    for at, contract in declared.energy:
        _each(declared, (*at, "sites"), contract.sites, "site", declared.ids("sites"))
    for at, purchase in declared.purchases:
        _each(declared, (*at, "containers"), purchase.containers, "container", declared.paths)


def _scopes(declared: Declared) -> None:
    indicators = [indicator.name for indicator in INDICATORS]
    for at, target in declared.targets:
        _scope(declared, (*at, "path"), target.path)
        declared.refer((*at, "indicator"), target.indicator, "indicator", indicators)
    for at, evidence in declared.evidence:
        _scope(declared, (*at, "path"), evidence.path)
    subjects = declared.ids("operators", "owners", "suppliers", "sites") | declared.paths
    for at, qualification in declared.qualifications:
        what = "organisation, site or container"
        declared.refer((*at, "subject"), qualification.subject, what, subjects)


def _policies(declared: Declared) -> None:
    stores = {placement.store for _, placement in declared.placements}
    for at, placement in declared.placements:
        declared.refer((*at, "tenant"), placement.tenant, "tenant", declared.ids("tenants"))
        for n, prefix in enumerate(placement.containers):
            if not any(inside(path, prefix) for path in declared.paths):
                known = declared.ids("sites") | declared.paths
                declared.refer((*at, "containers", n), prefix, "site or container", known)
    for at, pilot in declared.pilots:
        _each(declared, (*at, "stores"), pilot.stores, "store of a placement", stores)


def _thresholds(declared: Declared) -> None:
    known = declared.ids("sites") | declared.paths
    first: dict[tuple[str, str, str], TomlPath] = {}
    for at, threshold in declared.thresholds:
        declared.refer((*at, "where"), threshold.where, "site or container", known)
        what = (threshold.rule, threshold.name, threshold.where)
        _once(declared, (*at, "name"), threshold.name, first.setdefault(what, at))


def _scope(declared: Declared, at: TomlPath, scope: str) -> None:
    """A scope is nothing, a path as deep as a host, or a perimeter by its prefix."""
    perimeters = declared.ids("perimeters")
    known = declared.ids("sites") | declared.paths | {scope_of(name) for name in perimeters}
    if scope in perimeters and scope not in known:
        declared.fault(at, f"{scope!r} is a perimeter; write {scope_of(scope)!r}")
    elif scope and not any(inside(scope, path) for path in declared.paths):
        declared.refer(at, scope, "site, container or perimeter", known)


def _each(
    declared: Declared, at: TomlPath, names: Iterable[str], what: str, known: Iterable[str]
) -> None:
    for n, name in enumerate(names):
        declared.refer((*at, n), name, what, known)
