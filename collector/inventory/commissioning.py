"""Whether a container is ready for service: a checklist out of what is known now. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from alerts.rule import Words
from collector.inventory.balance import Balance, Counted, balances
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.places import Container
from vigie.units import JOULES_PER_KWH

STALE_SECONDS: Final = 60.0
"""Agents tell of their sources every second: one of which nothing came for so long is not up."""
TESTED_SECONDS: Final = 30 * 86_400.0
NAMED: Final = 5
IT_ROLES: Final = ("ups", "pdu", "it")
ABSENT: Final = ("absent", "off")
"""A source that has nothing to read here: no fault, unless the network says that it is there."""

State = Literal["done", "not_done", "unknown"]


@dataclass(frozen=True, slots=True)
class Reader:
    """One source of one host as the agent tells of it; `age` in seconds."""

    host: str
    source: str
    status: str
    age: float


@dataclass(frozen=True, slots=True)
class Point:
    """One meter that was heard; `fresh` says that it still is."""

    medium: str
    name: str
    role: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A receiver that hears of this container, and when it last took a message (Unix time)."""

    receiver: str
    last: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a container now; `counted` is the electricity of the last hour."""

    readers: Sequence[Reader]
    points: Sequence[Point]
    counted: Sequence[Counted]
    told: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be so, whether it is, and why in one sentence."""

    name: str
    title: Words
    state: State
    why: Words


def checklist(network: Network, container: Container, found: Found, now: float) -> list[Item]:
    """Every item, in the order in which one works; `now` is Unix time."""
    meters = [m for m in network.meters if m.container == container.path]
    made = (
        ("sources", Words("Sources en marche", "Sources up"), _sources(container, found)),
        ("meters", Words("Rôles des compteurs", "Meter roles"), _meters(meters, found)),
        ("balance", Words("Bilan d'énergie fermé", "Energy balance closed"),
         _balance(meters, found)),
        ("contacts", Words("Contacts", "Contacts"), _contacts(network, container)),
        ("receiver", Words("Destinataire essayé", "Receiver tested"),
         _receiver(container, found, now)),
    )  # fmt: skip
    return [Item(name, title, *said) for name, title, said in made]


def _sources(container: Container, found: Found) -> tuple[State, Words]:
    hosts = {reader.host for reader in found.readers}
    if not hosts:
        return "not_done", Words(
            "aucun agent n'a encore rien envoyé : inscrivez-le (vigie enroll agent)",
            "no agent has sent anything yet: enrol one (vigie enroll agent)",
        )
    wanted = container.sources or tuple(dict.fromkeys(r.source for r in found.readers))
    wrong: list[Words] = []
    expected = max(1, round((container.hosts or 1) * container.scale))
    if len(hosts) < expected:
        wrong.append(
            Words(f"{len(hosts)} hôtes sur {expected}", f"{len(hosts)} of {expected} hosts")
        )
    for source in wanted:
        own = [reader for reader in found.readers if reader.source == source]
        wrong += _wrong(source, own, named=bool(container.sources))
    if wrong:
        return "not_done", _joined(wrong)
    running = sum(reader.status == "ok" for reader in found.readers)
    return "done", Words(
        f"{running} sources lues sur {len(hosts)} hôte(s)",
        f"{running} sources read on {len(hosts)} host(s)",
    )


def _wrong(source: str, own: Sequence[Reader], *, named: bool) -> Iterator[Words]:
    """What is wrong with one source: named ones must be read somewhere, others must not fail."""
    for reader in own:
        where = f"{source} ({reader.host})"
        if reader.age > STALE_SECONDS:
            yield Words(
                f"{where} : rien depuis {reader.age:.0f} s",
                f"{where}: nothing for {reader.age:.0f} s",
            )
        elif reader.status not in ("ok", *ABSENT):
            yield Words(f"{where} : {reader.status}", f"{where}: {reader.status}")
    if named and not own:
        yield Words(f"{source} : aucun hôte n'en parle", f"{source}: no host tells of it")
    elif named and all(reader.status in ABSENT for reader in own):
        yield Words(f"{source} : lue sur aucun hôte", f"{source}: read on no host")


def _meters(meters: Sequence[Meter], found: Found) -> tuple[State, Words]:
    wrong: list[Words] = []
    fresh = {p.role for p in found.points if p.fresh and p.medium == "electricity"}
    if "site" not in fresh:
        wrong.append(
            Words("aucun compteur de rôle site ne mesure", "no meter of role site is read")
        )
    if not fresh.intersection(IT_ROLES):
        wrong.append(
            Words("aucun compteur ups, pdu ou it ne mesure", "no meter ups, pdu or it is read")
        )
    for meter in meters:
        wrong += _seen(meter, found.points)
    if wrong:
        return "not_done", _joined(wrong)
    roles = ", ".join(sorted(fresh))
    if not meters:
        return "done", Words(
            f"rôles mesurés : {roles} ; aucun compteur n'est déclaré au réseau",
            f"roles read: {roles}; the network declares no meter",
        )
    return "done", Words(
        f"{len(meters)} compteurs vus, rôles comme déclarés ; mesurés : {roles}",
        f"{len(meters)} meters seen, roles as declared; read: {roles}",
    )


def _seen(meter: Meter, points: Sequence[Point]) -> Iterator[Words]:
    """What is wrong with one declared meter."""
    own = [p for p in points if p.name == meter.name and p.medium == meter.medium]
    if not own:
        yield Words(f"{meter.name} : jamais vu", f"{meter.name}: never seen")
    elif not any(p.fresh for p in own):
        yield Words(f"{meter.name} : ne mesure plus", f"{meter.name}: is read no more")
    elif other := sorted({p.role for p in own if p.fresh} - {meter.role}):
        yield Words(
            f"{meter.name} : mesuré comme {', '.join(other)}, déclaré {meter.role}",
            f"{meter.name}: read as {', '.join(other)}, declared {meter.role}",
        )


def _balance(meters: Sequence[Meter], found: Found) -> tuple[State, Words]:
    every = balances(meters, found.counted)
    if not every:
        return "unknown", Words(
            "rien à comparer : il faut un compteur site et un autre derrière lui",
            "nothing to compare: a site meter is wanted, and another behind it",
        )
    if wrong := [_excess(balance) for balance in every if balance.closes is False]:
        return "not_done", _joined(wrong)
    if dark := list(dict.fromkeys(name for balance in every for name in balance.unknown)):
        some = ", ".join(dark[:NAMED]) + (" …" if len(dark) > NAMED else "")
        return "unknown", Words(
            f"la dernière heure n'est pas connue en entier : {some}",
            f"the last hour is not known in whole: {some}",
        )
    return "done", _joined([_closed(balance) for balance in every])


def _excess(balance: Balance) -> Words:
    share = f"{balance.excess / balance.before:.1%}" if balance.before > 0 else "–"
    allowed = f"{balance.slack / balance.before:.1%}" if balance.before > 0 else "–"
    kwh = balance.excess / JOULES_PER_KWH
    children = ", ".join(balance.children[:NAMED])
    return Words(
        f"{children} : {kwh:.3g} kWh de plus que {balance.parent}, devant ({share} ; "
        f"toléré {allowed})",
        f"{children}: {kwh:.3g} kWh more than {balance.parent} before ({share}; {allowed} allowed)",
    )


def _closed(balance: Balance) -> Words:
    before, behind = balance.before / JOULES_PER_KWH, balance.behind / JOULES_PER_KWH
    return Words(
        f"{balance.parent} {before:.4g} kWh, derrière {behind:.4g} kWh",
        f"{balance.parent} {before:.4g} kWh, behind it {behind:.4g} kWh",
    )


def _contacts(network: Network, container: Container) -> tuple[State, Words]:
    site = network.site(container.path)
    roles = ", ".join(dict.fromkeys(c.role for c in site.contacts)) if site else ""
    if not roles:
        return "not_done", Words(
            f"le site {container.site} n'en déclare aucun : ajoutez [[sites.contacts]]",
            f"site {container.site} declares none: add [[sites.contacts]]",
        )
    return "done", Words(roles, roles)


def _receiver(container: Container, found: Found, now: float) -> tuple[State, Words]:
    if not found.told:
        return "not_done", Words(
            "aucun destinataire n'entend parler de ce conteneur : déclarez-en un (receivers)",
            "no receiver hears of this container: declare one (receivers)",
        )
    taken = {t.receiver: t.last for t in found.told if t.last is not None}
    recent = {name: last for name, last in taken.items() if last >= now - TESTED_SECONDS}
    if recent:
        return "done", _taken(recent)
    where = f'where = {{ container = ["{container.path}"] }}'
    rule = f'measurement = "host", when = "cpu_count > 0", {where}'
    return "not_done", Words(
        "aucun message reçu depuis 30 jours ; pour un essai, posez dans le dossier des règles "
        f"une règle toujours vraie ({rule}), puis retirez-la",
        "no message taken for 30 days; for a test, put a rule that always holds into the folder "
        f"of rules ({rule}), then take it away",
    )


def _taken(recent: Mapping[str, float]) -> Words:
    name, last = max(recent.items(), key=lambda pair: pair[1])
    day = datetime.fromtimestamp(last, UTC).date().isoformat()
    return Words(f"{name} a reçu un message le {day}", f"{name} took a message on {day}")


def _joined(words: Sequence[Words]) -> Words:
    """Some of them, as one sentence."""
    rest = len(words) - NAMED
    more = f" ; + {rest}" if rest > 0 else ""
    return Words(
        " ; ".join(w.fr for w in words[:NAMED]) + more,
        "; ".join(w.en for w in words[:NAMED]) + more.replace(" ;", ";"),
    )
