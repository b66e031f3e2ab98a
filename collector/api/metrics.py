"""The collector's own counters as Prometheus text."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from collector.counters import Counters, Sample

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
PREFIX: Final = "vigie_collector_"


class _Families:
    """What the registry asks for its metrics."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """Every counter and gauge, one family a name."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._counters.samples():
            family = families.get(sample.name)
            if family is None:
                family = families[sample.name] = _family(sample)
            family.add_metric([value for _, value in sample.labels], sample.value)
        return iter(families.values())


def exposition(counters: Counters) -> bytes:
    """The counters, and the process's own, as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(counters))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _family(sample: Sample) -> CounterMetricFamily | GaugeMetricFamily:
    name, labels = PREFIX + sample.name, [name for name, _ in sample.labels]
    text = f"{sample.name.removesuffix('_total').replace('_', ' ').capitalize()}."
    if sample.kind == "counter":
        return CounterMetricFamily(name, text, labels=labels)
    return GaugeMetricFamily(name, text, labels=labels)
