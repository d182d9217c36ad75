"""The index in memory keeps the promises of the analytics port, on either plane."""

from hh_conformance.analytics import AnalyticsContract
from hh_memory.analytics import ADAPTER, AnalyticsConfig


class TestMemoryAnalytics(AnalyticsContract):
    adapter = ADAPTER

    def config(self) -> AnalyticsConfig:
        return AnalyticsConfig(name=self.fresh_name())

    def bounded(self, rows: int) -> AnalyticsConfig:
        return AnalyticsConfig(name=self.fresh_name(), max_query_rows=rows)


class TestMemoryTelemetry(AnalyticsContract):
    adapter = ADAPTER
    telemetry = True

    def config(self) -> AnalyticsConfig:
        return AnalyticsConfig(name=self.fresh_name(), plane="control")

    def bounded(self, rows: int) -> AnalyticsConfig:
        return AnalyticsConfig(name=self.fresh_name(), plane="control", max_query_rows=rows)
