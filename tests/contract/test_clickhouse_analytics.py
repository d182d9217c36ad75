"""ClickHouse keeps the promises of the analytics port, on either plane."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import Phase, settings
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ADAPTER, ClickhouseAnalytics, ClickhouseConfig
from hh_conformance.analytics import AnalyticsContract
from hh_conformance.contract import Act
from hh_core.ports.analytics import Analytics
from hh_core.registry import AdapterConfig


class TestClickhouseAnalytics(AnalyticsContract):
    adapter = ADAPTER
    timeout = 60.0
    histories = settings(
        AnalyticsContract.histories,
        max_examples=6,
        stateful_step_count=6,  # every step is some twenty statements
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )

    def config(self) -> ClickhouseConfig:
        return clickhouse_server().config()

    def bounded(self, rows: int) -> ClickhouseConfig:
        return clickhouse_server().config(max_query_rows=rows)

    async def compact(self, analytics: Analytics) -> None:
        assert isinstance(analytics, ClickhouseAnalytics)
        await analytics._client.command("OPTIMIZE TABLE events FINAL")

    @contextmanager
    def outage(self, port: Analytics) -> Iterator[None]:
        server = clickhouse_server().server
        server.kill()
        try:
            yield
        finally:
            server.start()

    async def crash_after(self, config: AdapterConfig, act: Act) -> None:
        """Kill the adapter's process, and then the engine."""
        await super().crash_after(config, act)
        server = clickhouse_server().server
        server.kill()
        server.start()  # not in a thread: the server dies with the thread that started it


class TestClickhouseTelemetry(TestClickhouseAnalytics):
    telemetry = True

    def config(self) -> ClickhouseConfig:
        return clickhouse_server().config(plane="control")

    def bounded(self, rows: int) -> ClickhouseConfig:
        return clickhouse_server().config(plane="control", max_query_rows=rows)
