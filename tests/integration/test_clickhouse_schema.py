"""The tables in ClickHouse: migrated forward only, kept as long as configured."""

import asyncio
from collections.abc import Sequence
from typing import Any

import clickhouse_connect
import pytest
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ClickhouseConfig, open_analytics
from hh_clickhouse.migrate import migrations
from hh_conformance.analytics_rows import NOW_MS, PROJECT, Writer, all_rows, event, event_id
from hh_core.domain.identity import derived_session
from hh_core.domain.tables import EVENTS, TELEMETRY, Column
from hh_core.errors import ConfigError, DeniedError, UnavailableError
from hh_core.ports.analytics import Relation

DAY_MS = 86_400_000


async def _sql(config: ClickhouseConfig, *statements: str) -> Sequence[Sequence[Any]]:
    """Run statements on the test's database; the rows of the last."""
    client = await clickhouse_connect.get_async_client(
        dsn=config.url.replace("//", f"//hh:{config.password.get_secret_value()}@")
        + f"/{config.database}",
        compress=False,
        autogenerate_session_id=False,
    )
    async with client:
        for statement in statements[:-1]:
            await client.command(statement)
        rows: Sequence[Sequence[Any]] = (await client.query(statements[-1])).result_rows
        return rows


async def _open(config: ClickhouseConfig) -> None:
    async with open_analytics(config) as analytics:
        await analytics.ping()


@pytest.mark.parametrize(("plane", "columns"), [("data", EVENTS), ("control", TELEMETRY)])
def test_events_have_exactly_the_columns_of_their_plane(
    plane: str, columns: tuple[Column, ...]
) -> None:
    config = clickhouse_server().config(plane=plane)

    async def names() -> list[str]:
        await _open(config)
        rows = await _sql(config, "DESCRIBE TABLE events")
        return [name for name, _, kind, *_ in rows if kind != "MATERIALIZED"]  # the engine's own

    assert asyncio.run(names()) == [column.name for column in columns]


def test_opening_from_several_processes_at_once_migrates_once() -> None:
    config = clickhouse_server().config()

    async def versions() -> list[int]:
        await asyncio.gather(*(_open(config) for _ in range(4)))
        rows = await _sql(config, "SELECT version FROM schema_versions FINAL ORDER BY version")
        return [row[0] for row in rows]

    assert asyncio.run(versions()) == [migration.version for migration in migrations("data")]


def test_the_database_of_a_newer_release_is_left_alone() -> None:
    config = clickhouse_server().config()

    async def check() -> None:
        await _open(config)
        await _sql(
            config, "INSERT INTO schema_versions (version, name) VALUES (9999, 'x')", "SELECT 1"
        )
        with pytest.raises(ConfigError, match="newer release"):
            await _open(config)

    asyncio.run(check())


def test_a_database_too_old_to_be_brought_up_is_left_alone() -> None:
    config = clickhouse_server().config()

    async def check() -> None:
        await _open(config)
        await _sql(
            config,
            "TRUNCATE TABLE schema_versions",
            "INSERT INTO schema_versions (version, name) VALUES (5, '0005_traces.sql')",
            "SELECT 1",
        )
        with pytest.raises(ConfigError, match="begin with an empty database"):
            await _open(config)
        assert await _sql(config, "SELECT max(version) FROM schema_versions") == [(5,)]

    asyncio.run(check())


def test_every_table_follows_the_configured_retention() -> None:
    config = clickhouse_server().config(retention_days=30)
    shorter = config.model_copy(update={"retention_days": 7})

    async def kept() -> dict[str, str]:
        await _open(config)
        await _open(shorter)
        rows = await _sql(
            config,
            "SELECT name, extract(create_table_query, 'toIntervalDay\\\\(([0-9]+)\\\\)')"
            " FROM system.tables WHERE database = currentDatabase()"
            " AND engine LIKE '%MergeTree' AND name != 'schema_versions'",
        )
        return {name: days for name, days in rows}

    days = asyncio.run(kept())
    assert len(days) >= 9
    assert set(days.values()) == {"7"}, days


def test_rows_expire_by_their_receipt_not_by_their_start() -> None:
    config = clickhouse_server().config(retention_days=2)

    async def left() -> list[Any]:
        async with open_analytics(config) as analytics:
            writer = Writer(analytics, telemetry=False)
            await writer.events(
                event(1, received_ms=NOW_MS - 3 * DAY_MS),
                event(2, received_ms=NOW_MS - DAY_MS, start_ns=0),
            )
            for table in ("events", "places"):
                await _sql(config, f"OPTIMIZE TABLE {table} FINAL", "SELECT 1")
            found = [
                await all_rows(analytics, r, "event_id")
                for r in (Relation.EVENTS, Relation.LISTING)
            ]
            return [[row["event_id"] for row in rows] for rows in found]

    assert asyncio.run(left()) == [[event_id(2)], [event_id(2)]]


def test_the_derived_session_of_the_index_is_that_of_the_domain() -> None:
    config = clickhouse_server().config()

    async def check() -> None:
        async with open_analytics(config) as analytics:
            writer = Writer(analytics, telemetry=False)
            rows = [event(n, trace_id=n.to_bytes(16, "big")) for n in range(1, 200)]
            await writer.events(*rows)
            await writer.recount(*rows)
            found = await all_rows(analytics, Relation.SESSIONS, "session_key", "num_events")
        wanted = {derived_session(PROJECT, cells["trace_id"]) for cells in rows}
        assert {row["session_key"] for row in found} == wanted
        assert {row["num_events"] for row in found} == {1}

    asyncio.run(check())


def test_wrong_credentials_are_denied_and_a_missing_server_is_unavailable() -> None:
    config = clickhouse_server().config()
    with pytest.raises(DeniedError):
        asyncio.run(_open(config.model_copy(update={"user": "nobody"})))
    with pytest.raises(UnavailableError):
        asyncio.run(_open(config.model_copy(update={"url": "http://127.0.0.1:1"})))
    with pytest.raises(ConfigError):
        asyncio.run(_open(config.model_copy(update={"url": "clickhouse"})))
