"""What `vigie network check` says of sound files: counts, proofs, perimeters, how real all is."""

from collections import Counter
from dataclasses import fields
from typing import Any

from vigie.commands import printing
from vigie.network.network import Network
from vigie.network.proof import Proof, prove
from vigie.replies import Cell


def summary(network: Network) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "network": network.name,
        "version": network.version,
        "counts": counts(network),
        "sites": sites(network),
        "containers": dict(Counter(c.lifecycle.value for c in network.containers)),
        "placements": proofs(network),
        "perimeters": perimeters(network),
    }


def report(network: Network) -> str:
    """The same as tables for people."""
    lives = Counter(c.lifecycle.label("en") for c in network.containers)
    parts = [
        printing.record({
            "network": network.name,
            "version": network.version,
            **{name: str(count) for name, count in counts(network).items()},
            "lifecycle": ", ".join(f"{count} {word}" for word, count in lives.items()),
        }),
        _titled("Sites", sites(network)),
    ]  # fmt: skip
    if network.placements:
        parts.append(_titled("Placements: what holds, and what after losing one", proofs(network)))
    if network.perimeters:
        parts.append(_titled("Perimeters", perimeters(network)))
    return "\n\n".join(parts)


def counts(network: Network) -> dict[str, int]:
    """How many of each there are; what there is none of is left out."""
    sizes = {f.name: len(getattr(network, f.name)) for f in fields(network) if f.name != "name"}
    return {name: size for name, size in sizes.items() if size}


def sites(network: Network) -> list[dict[str, Cell]]:
    """How real each site is, since when, and how much of it is assumed."""
    return [
        {
            "site": site.id,
            "name": site.name,
            "country": site.country,
            "status": site.status.value,
            "since": site.status_since.isoformat() if site.status_since else None,
            "since assumed": "status_since" in site.assumed,
            "simulated": site.simulated,
            "containers": len(network.within(site.id)),
            "assumed": len(site.assumed) + sum(len(c.assumed) for c in network.within(site.id)),
            "source": site.status_source,
        }
        for site in network.sites
    ]


def proofs(network: Network) -> list[dict[str, Cell]]:
    """The numbers of every placement policy."""
    return [_proof(prove(policy, network)) for policy in network.placements]


def _proof(proof: Proof) -> dict[str, Cell]:
    policy = proof.placement
    return {
        "placement": policy.id,
        "store": policy.store,
        "scheme": f"{policy.k}-of-{policy.n}",
        "domain": policy.domain,
        "domains": len(proof.domains),
        "most each": policy.most,
        "room": proof.room,
        "lost": proof.lost,
        "spare": proof.spare,
        "room after": proof.left,
        "home": None if proof.home is None else len(proof.home),
        "status": policy.status.value,
        "holds": proof.holds,
        "short": proof.shortfall,
    }


def perimeters(network: Network) -> list[dict[str, Cell]]:
    """Who publishes for which sites."""
    return [
        {
            "perimeter": perimeter.id,
            "name": perimeter.name,
            "publisher": perimeter.publisher,
            "sites": ", ".join(perimeter.sites),
            "basis": perimeter.basis,
        }
        for perimeter in network.perimeters
    ]


def _titled(title: str, rows: list[dict[str, Cell]]) -> str:
    return f"{title}\n{printing.table(rows)}"
