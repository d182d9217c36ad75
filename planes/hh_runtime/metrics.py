"""Totals and levels of use cases as Prometheus metrics. Labels are outcomes, never content."""

from collections import Counter as Totals
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Level = Callable[[], float]


class _Exposed(Collector):
    def __init__(
        self, prefix: str, totals: Mapping[str, Totals[str]], levels: Mapping[str, Level]
    ) -> None:
        self._prefix = prefix
        self._totals = totals
        self._levels = levels

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for name, totals in self._totals.items():
            family = CounterMetricFamily(
                f"{self._prefix}_{name}", f"What happened in {name}, by outcome", labels=["outcome"]
            )
            for outcome, value in sorted(totals.items()):
                family.add_metric([outcome], value)
            yield family
        for name, level in self._levels.items():
            yield GaugeMetricFamily(f"{self._prefix}_{name}", name.replace("_", " "), level())


@contextmanager
def exposed(
    prefix: str,
    totals: Mapping[str, Totals[str]],
    levels: Mapping[str, Level] | None = None,
    *,
    registry: CollectorRegistry = REGISTRY,
) -> Iterator[None]:
    """Show ``<prefix>_<name>`` at /metrics while the block runs."""
    collector = _Exposed(prefix, totals, levels or {})
    registry.register(collector)
    try:
        yield
    finally:
        registry.unregister(collector)
