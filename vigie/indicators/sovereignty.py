"""Who could read, block, or survive without whom: S1 to S20, and what redundancy costs.

A node's *reach* is every legal order that can compel its holder, in five layers: location,
operator, ownership, management, technology. An undeclared layer is unknown, and what rests on it is
unknown too. An object of an erasure code is read with any k of its n fragments, by distinct index.
"""

from typing import Final

from vigie.indicators.indicator import Family, Indicator
from vigie.units import ONE, RATIO, SECOND, Unit


def _s(
    number: int, name: str, boundary: str, doc: str, words: tuple[str, str],
    *, unit: Unit = RATIO, parts: str = "",
) -> Indicator:  # fmt: skip
    fr, en = words
    return Indicator(
        f"s{number}_{name}", unit, f"s{number}-{name.replace('_', '-')}@1", boundary, doc,
        f"S{number} · {fr}", f"S{number} · {en}", parts,
    )  # fmt: skip


S1: Final = _s(
    1, "residency_bytes", "bytes inside the countries of their policy, over all stored bytes",
    "Residency by bytes.", ("Résidence (octets)", "Residency (bytes)"),
)  # fmt: skip
S2: Final = _s(
    2, "residency_objects", "objects with all fragments inside, over all objects",
    "Residency by objects, strict.", ("Résidence (objets)", "Residency (objects)"),
)  # fmt: skip
S3: Final = _s(
    3, "compute_inside", "GPU time inside the countries of its policy, over all served",
    "Compute-hours inside.", ("Calcul dans le périmètre légal", "Compute inside"),
)  # fmt: skip
S4: Final = _s(
    4, "can_read", "objects of which one foreign country alone reaches k fragments, over all",
    "REC(J, o) = F_J >= k, by country; the value is the worst country outside home.",
    ("Reconstructible par un pays tiers", "Readable by a foreign country"), parts="country",
)  # fmt: skip
S5: Final = _s(
    5, "can_block", "objects that one foreign country alone can keep from being read, over all",
    "DEN(J, o) = F_J >= live - k + 1, by country; the value is the worst outside home.",
    ("Bloquable par un pays tiers", "Deniable by a foreign country"), parts="country",
)  # fmt: skip
S6: Final = _s(
    6, "exposed_bytes", "bytes of objects that one country alone can rebuild, over all bytes",
    "Reconstruction exposure by country; the value is the worst outside home.",
    ("Octets reconstructibles par un tiers", "Reconstruction exposure"), parts="country",
)  # fmt: skip
S7: Final = _s(
    7, "denied_bytes", "bytes of objects that one country alone can block, over all bytes",
    "Denial exposure by country; the value is the worst outside home.",
    ("Octets bloquables par un tiers", "Denial exposure"), parts="country",
)  # fmt: skip
S8: Final = _s(
    8, "home_alone", "bytes that home can rebuild, with key and catalogue there, over all bytes",
    "Home self-sufficiency: does it survive the border closing.",
    ("Autonomie du pays d'origine", "Home self-sufficiency"),
)  # fmt: skip
S9: Final = _s(
    9, "read_coalition", "smallest group of countries that reaches k fragments; least object",
    "Reconstruction coalition number, by exact enumeration; parts: least, 5th percentile.",
    ("Coalition pour lire", "Coalition to read"), unit=ONE, parts="object",
)  # fmt: skip
S10: Final = _s(
    10, "block_coalition", "smallest group of countries that can block; least object",
    "Denial coalition number, by exact enumeration; parts: least, 5th percentile.",
    ("Coalition pour bloquer", "Coalition to block"), unit=ONE, parts="object",
)  # fmt: skip
S11: Final = _s(
    11, "margin_without", "fragments to spare of the worst object once a country is gone",
    "m_J = live - F_J - k, by country; the value is the worst outside home.",
    ("Marge sans un pays", "Margin without a country"), unit=ONE, parts="country",
)  # fmt: skip
S12: Final = _s(
    12, "concentration", "effective number of operators by stored bytes",
    "1 / HHI of the shares, by operator, site, grid zone, supplier and country.",
    ("Concentration (nombre effectif)", "Concentration (effective number)"),
    unit=ONE, parts="dimension",
)  # fmt: skip
S13: Final = _s(
    13, "foreign_law", "stored bytes on containers that a law outside home reaches, over all",
    "Foreign-law exposure by layer of reach; the value is over all layers known.",
    ("Exposition à un droit étranger", "Foreign-law exposure"), parts="layer",
)  # fmt: skip
S14: Final = _s(
    14, "operator_control", "privileged sessions opened from home, over all (evidence declared)",
    "Operator control.", ("Maîtrise de l'exploitation", "Operator control"),
)  # fmt: skip
S15: Final = _s(
    15, "egress_outside", "bytes sent to peers outside the policy's countries, over all sent",
    "Egress outside.", ("Flux sortants hors périmètre", "Egress outside"), parts="peer",
)  # fmt: skip
S16: Final = _s(
    16, "disconnect_drill", "1 where a drill was passed within 365 days (evidence declared)",
    "Disconnect drill.", ("Exercice de déconnexion", "Disconnect drill"), unit=ONE, parts="drill",
)  # fmt: skip
S17: Final = _s(
    17, "exit_time", "the slowest site: stored bytes over what its lines can send",
    "Exit time.", ("Délai de sortie", "Exit time"), unit=SECOND, parts="site",
)  # fmt: skip
S18: Final = _s(
    18, "supply_chain", "share of equipment by value, else by units, made outside home",
    "Supply chain by origin.", ("Chaîne d'approvisionnement", "Supply chain"), parts="origin",
)  # fmt: skip
S19: Final = _s(
    19, "deletion_proof", "deletions with enough receipts, over all (evidence declared)",
    "Deletion proof.", ("Preuve d'effacement", "Deletion proof"),
)  # fmt: skip
S20: Final = _s(
    20, "violation_time", "time in the period with any residency or denial rule broken",
    "Policy violation time, by tenant.", ("Durée de violation", "Violation time"),
    unit=SECOND, parts="tenant",
)  # fmt: skip
OVERHEAD: Final = Indicator(
    "storage_overhead",
    ONE,
    "storage-overhead@1",
    "stored bytes over bytes of users; beside it n/k and three replicas",
    "What redundancy costs in bytes.",
    "Surcoût de stockage",
    "Storage overhead",
    "scheme",
)

FAMILY: Final = Family(
    "sovereignty",
    "Souveraineté",
    "Sovereignty",
    (
        S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, S17, S18, S19, S20,
        OVERHEAD,
    ),
)  # fmt: skip
