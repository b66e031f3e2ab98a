"""Who may use what: tenants where a site serves them, partners on what they operate, placements."""

from collections.abc import Mapping

from vigie.network.declared import Declared
from vigie.network.operators import Tenant
from vigie.network.places import Site
from vigie.network.proof import prove
from vigie.positions import TomlPath


def check(declared: Declared) -> None:
    """Fault tenants that a site does not serve, and partners where another operates."""
    _tenants(declared)
    known = declared.ids("operators")
    operates = {site.id: site.operator for _, site in declared.sites}
    for at, pilot in declared.pilots:
        containers = [partner.container for partner in pilot.partners]
        for n, partner in enumerate(pilot.partners):
            runs = operates.get(partner.container.partition("/")[0])
            if partner.operator in known and runs not in {None, partner.operator}:
                told = f"{partner.container} is operated by {runs!r}, not by {partner.operator!r}"
                declared.fault((*at, "partners", n), told)
            if partner.container in containers[:n]:
                told = f"{partner.container} is a partner's already; each offers its own"
                declared.fault((*at, "partners", n), told)


def check_placements(declared: Declared) -> None:
    """Fault placements that cannot be kept or repaired; all else is known to be sound."""
    network = declared.network("")
    for at, placement in declared.placements:
        shortfall = prove(placement, network).shortfall
        if shortfall:
            declared.fault(at, shortfall)


def _tenants(declared: Declared) -> None:
    organisations = (*declared.operators, *declared.owners, *declared.suppliers)
    kinds = {o.id: str(o.kind) for _, o in organisations}
    kinds |= {t.id: str(t.kind) for _, t in declared.tenants}
    sites = {site.id: site for _, site in declared.sites}
    tenants = {tenant.id: tenant for _, tenant in declared.tenants}
    for at, tenant in declared.tenants:
        if kinds.get(tenant.acting_for or "", "public") != "public":
            told = f"{tenant.acting_for!r} is no public body; name one, or leave it out"
            declared.fault((*at, "acting_for"), told)
        if tenant.kind == "company" and tenant.home in sites:
            _served(declared, (*at, "home"), tenant, sites[tenant.home], kinds)
    for at, tenancy in declared.tenancies:
        for site in (sites[name] for name in tenancy.sites if name in sites):
            for n, name in enumerate(tenancy.tenants):
                if name in tenants:
                    _served(declared, (*at, "tenants", n), tenants[name], site, kinds)


def _served(
    declared: Declared, at: TomlPath, tenant: Tenant, site: Site, kinds: Mapping[str, str]
) -> None:
    """A site that serves some kinds serves others only on behalf of one of these."""
    on_behalf_of = kinds.get(tenant.acting_for or "")
    if not site.serves or {tenant.kind, on_behalf_of} & set(site.serves):
        return
    told = f"{tenant.id!r} is of kind {tenant.kind}, and {site.id} serves {', '.join(site.serves)}"
    declared.fault(at, f"{told}; name whom it acts for with acting_for, or leave it out here")
