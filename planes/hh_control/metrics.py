"""Totals of the use cases as Prometheus metrics: outcomes are labels, content never is."""

from collections import Counter as Totals
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class _Counts(Collector):
    def __init__(self, totals: Mapping[str, Totals[str]]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[CounterMetricFamily]:
        for name, totals in self._totals.items():
            family = CounterMetricFamily(
                f"hh_control_{name}", f"What happened in {name}, by outcome.", labels=["outcome"]
            )
            for outcome, value in sorted(totals.items()):
                family.add_metric([outcome], value)
            yield family


@contextmanager
def exposed(
    totals: Mapping[str, Totals[str]], registry: CollectorRegistry = REGISTRY
) -> Iterator[None]:
    """Show ``totals`` at /metrics while the block runs."""
    collector = _Counts(totals)
    registry.register(collector)
    try:
        yield
    finally:
        registry.unregister(collector)
