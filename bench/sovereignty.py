"""Who can read or block a million objects of 14 fragments on 40 containers, in ten countries.

Ours: what is held by classes of equal law, out of the inventories as the collector keeps them, and
every sovereignty indicator. Beside it S4 alone by DuckDB, on the same fragments in its memory, and
by a plain loop over a hundredth of the objects. All three must agree.
"""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
from numpy.typing import NDArray

from collector.inventory.holdings import Asked, held
from collector.inventory.margins import Margins, Owner
from collector.inventory.records import RECORD
from collector.kpis.facts import Facts, Held, Plant, Stored
from collector.kpis.meters import Total
from collector.kpis.period import Period
from collector.kpis.sovereignty import METHODS
from collector.kpis.sovereignty.cases import Power
from collector.kpis.sovereignty.exposure import Exposure
from vigie.fragments import BUCKETS, Scheme
from vigie.indicators.sovereignty import S4
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Site
from vigie.network.policies import Placement
from vigie.network.reach import Reaches

SCHEME = Scheme(10, 14)
COUNTRIES = ("FR", "DE", "IT", "ES", "NL", "BE", "US", "CH", "GB", "CA")
CONTAINERS = 40
STEP = 64
"""Buckets told at once."""
SAMPLE = 100
LIMIT_SECONDS = 2.0
ASKED = """
    SELECT country, count(*) FROM (
        SELECT country, object FROM fragments JOIN reach USING (container)
        GROUP BY ALL HAVING count(DISTINCT idx) >= ?
    ) GROUP BY country
"""
END = datetime(2026, 3, 2, tzinfo=UTC)
Places = NDArray[np.uint8]


def network() -> Network:
    """Container i stands in country i mod 10; every fourth is run from the United States."""
    runs = [Operator(f"o{c}", c, c, "public", reach=()) for c in COUNTRIES]
    sites = tuple(
        Site(f"s{i}", f"s{i}", "oUS" if i % 4 == 3 else f"o{country(i)}", country(i))
        for i in range(CONTAINERS)
    )
    boxes = tuple(
        Container("c", "c", site.id, management=(), technology=("oUS",) if i % 8 == 1 else ())
        for i, site in enumerate(sites)
    )
    policy = Placement(
        "p", "bench", SCHEME.k, SCHEME.n, within=("EU",), home="FR", keys=("FR",),
        catalogue=("FR",),
    )  # fmt: skip
    return Network("bench", tuple(runs), sites, boxes, placements=(policy,))


def country(container: int) -> str:
    """Where it stands."""
    return COUNTRIES[container % len(COUNTRIES)]


def drawn(objects: int, first: int) -> tuple[NDArray[np.uint64], Places]:
    """The objects of some buckets, in order, and the container of each of their fragments.

    Three objects of ten lie anywhere; the others in the order that a balancer would choose.
    """
    random = np.random.default_rng(first)
    count = objects * STEP // BUCKETS
    names = np.sort(random.integers(0, STEP << 52, count, dtype=np.uint64))
    anywhere = np.argsort(random.random((count, CONTAINERS)), axis=1)[:, : SCHEME.n]
    ordered = (random.integers(0, CONTAINERS, count)[:, None] + np.arange(SCHEME.n)) % CONTAINERS
    which = random.random(count)[:, None] < 0.3
    return names + np.uint64(first << 52), np.where(which, anywhere, ordered).astype(np.uint8)


def fed(objects: int) -> tuple[Margins, Places]:
    """Margins that were told all, and where each fragment of each object lies."""
    margins, every = Margins(), []
    for first in range(0, BUCKETS, STEP):
        names, places = drawn(objects, first)
        every.append(places)
        for container in range(CONTAINERS):
            at, idx = np.nonzero(places == container)
            records = np.zeros(len(at), RECORD)
            records["head"], records["idx"] = names[at], idx
            owner = Owner(container + 1, f"s{container}/c", "bench")
            margins.replace(owner, range(first, first + STEP), records, [SCHEME])
    return margins, np.concatenate(every)


def facts(net: Network, some: tuple[Held, ...]) -> Facts:
    """Of a day in which every container held as much."""
    plants = tuple(
        Plant(c, s, simulated=False, stored=(Stored("bench", SCHEME, 10**6, 10**12),))
        for c, s in zip(net.containers, net.sites, strict=True)
    )
    day = Period("day", END - timedelta(days=1), END, open=False)
    power = Total(None, None, 0.0, None, 0.0, (), (), {})
    return Facts("", net, day, END, (day.start, day.end), power, plants, held=some)


def ours(net: Network, margins: Margins) -> tuple[Facts, float]:
    """Facts, and in how many seconds what is held was worked out."""
    reaches = Reaches(net)
    began = time.perf_counter()
    some = held(
        margins,
        Asked({"bench"}, lambda path: reaches.of(path).law, sizes={("bench", SCHEME): 1e6}),
    )
    return facts(net, some), time.perf_counter() - began


def made(given: Facts) -> Iterator[tuple[str, float]]:
    """Every indicator, with its seconds."""
    for method in METHODS:
        began = time.perf_counter()
        method.make(given)
        yield method.indicator.name, time.perf_counter() - began


def reaching(net: Network, jurisdiction: str) -> NDArray[np.bool_]:
    """Which containers a country reaches, by any layer."""
    reaches = Reaches(net)
    return np.array(
        [jurisdiction in reaches.of(f"s{i}/c").over().countries for i in range(CONTAINERS)]
    )


def looped(net: Network, places: Places) -> dict[str, float]:
    """S4 by country: of each object, the set of indexes reached."""
    masks = {c: set(np.flatnonzero(reaching(net, c)).tolist()) for c in COUNTRIES if c != "FR"}
    readable = dict.fromkeys(masks, 0)
    for where in places.tolist():
        for name, mine in masks.items():
            reached = {index for index, container in enumerate(where) if container in mine}
            readable[name] += len(reached) >= SCHEME.k
    return {name: count / len(places) for name, count in readable.items()}


def queried(net: Network, places: Places) -> tuple[dict[str, float], float]:
    """S4 by country as SQL, and in how many seconds; filling the table is not counted."""
    database = duckdb.connect(config={"threads": 2})
    objects = np.repeat(np.arange(len(places), dtype=np.uint32), SCHEME.n)
    columns = {
        "object": objects,
        "idx": np.tile(np.arange(SCHEME.n, dtype=np.uint8), len(places)),
        "container": places.ravel(),
    }
    database.register("told", columns)
    database.execute("CREATE TABLE fragments AS SELECT * FROM told")
    pairs = [(c, i) for c in COUNTRIES if c != "FR" for i in np.flatnonzero(reaching(net, c))]
    database.execute("CREATE TABLE reach (country VARCHAR, container UTINYINT)")
    database.executemany("INSERT INTO reach VALUES (?, ?)", [(c, int(i)) for c, i in pairs])
    began = time.perf_counter()
    rows = database.execute(ASKED, [SCHEME.k]).fetchall()
    spent = time.perf_counter() - began
    return {name: count / len(places) for name, count in rows}, spent


def main() -> int:
    """Run all and print them; 1 where they differ, or ours is too slow."""
    parser = argparse.ArgumentParser(prog="bench sovereignty", description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    options = parser.parse_args()
    net = network()
    margins, places = fed(options.objects)
    busy = time.process_time()
    given, spent = ours(net, margins)
    rows, classes = (
        sum(len(h.objects) for h in given.held or ()),
        len((given.held or ())[0].classes),
    )
    print(f"{len(places):,} objects of {SCHEME.word} on {CONTAINERS} containers")
    print(f"  held: {classes} classes, {rows:,} rows      {spent:8.3f} s")
    total = spent
    for name, seconds in made(given):
        total += seconds
        if seconds >= 0.01:
            print(f"  {name:<32}{seconds:8.3f} s")
    busy = time.process_time() - busy
    print(f"  all {len(METHODS)} indicators and held      {total:8.3f} s   limit {LIMIT_SECONDS:g}")
    print(f"  of which the processors worked  {busy:8.3f} s")
    parts = Exposure(S4, Power.READ, weighed=False).make(given).parts
    answers, seconds = queried(net, places)
    print(f"  DuckDB, S4 alone                {seconds:8.3f} s")
    differ = any(abs((parts.get(c) or 0) - answers.get(c, 0)) > 1e-9 for c in COUNTRIES)
    sample = places[::SAMPLE]
    began = time.perf_counter()
    loop = looped(net, sample)
    spent = (time.perf_counter() - began) * SAMPLE
    small, _ = queried(net, sample)
    differ = differ or any(abs(loop[c] - small.get(c, 0)) > 1e-9 for c in loop)
    print(f"  a loop, S4 alone, times {SAMPLE}     {spent:8.1f} s")
    if differ:
        print("  the three do not agree")
    return int(differ or total > LIMIT_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
