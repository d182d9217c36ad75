"""Numbered, forward-only migrations: ``migrations/NNNN_name[.data|.control].sql``."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from hh_core.errors import ConfigError

_FILE = re.compile(r"(\d{4})_\w+(?:\.(data|control))?\.sql")
_VERSIONS = """CREATE TABLE IF NOT EXISTS schema_versions
(version UInt32, name String, applied DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""
_TTL_DAYS = re.compile(r"TTL (.*?toIntervalDay\()(\d+)(\).*?)(?: SETTINGS|$)", re.DOTALL)

Command = Callable[[str], Awaitable[object]]
Ask = Callable[[str], Awaitable[Sequence[Sequence[object]]]]


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    version: int
    name: str
    text: str

    def statements(self, retention_days: int) -> list[str]:
        text = Template(self.text).substitute(retention_days=retention_days)
        return [part.strip() for part in text.split(";\n") if part.strip()]


def migrations(plane: str) -> list[Migration]:
    """Those of ``plane``, oldest first."""
    found = []
    for entry in files("hh_clickhouse").joinpath("migrations").iterdir():
        match = _FILE.fullmatch(entry.name)
        if match and match.group(2) in (None, plane):
            found.append(Migration(int(match.group(1)), entry.name, entry.read_text()))
    return sorted(found)


async def migrate(plane: str, retention_days: int, command: Command, ask: Ask) -> None:
    """Bring the database up to this release. Safe to run from several processes at once.

    Raises ``ConfigError`` if a newer release wrote the database, or one from before the first
    migration that is here: it is left as it is.
    """
    await command(_VERSIONS)
    rows = await ask("SELECT max(version) FROM schema_versions")
    current = int(str(rows[0][0])) if rows else 0
    known = migrations(plane)
    if current > known[-1].version:
        raise ConfigError(
            f"the ClickHouse database is of schema {current}, this release knows"
            f" {known[-1].version}: run the newer release, or restore a backup"
        )
    if 0 < current < known[0].version:
        raise ConfigError(
            f"the ClickHouse database is of schema {current}, this release can bring up those from"
            f" {known[0].version} on: run the release that wrote it, or begin with an empty"
            " database (hh rebuild --from-raw fills that of a data plane again)"
        )
    for migration in known:
        if migration.version > current:
            for statement in migration.statements(retention_days):
                await command(statement)
            await command(
                "INSERT INTO schema_versions (version, name) VALUES"
                f" ({migration.version}, '{migration.name}')"
            )
    await _retain(retention_days, command, ask)


async def _retain(days: int, command: Command, ask: Ask) -> None:
    """Give every table the configured retention; merges apply it as they come."""
    tables = await ask(
        "SELECT name, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND create_table_query LIKE '%toIntervalDay(%'"
    )
    for name, created in tables:
        found = _TTL_DAYS.search(str(created))
        if found and int(found.group(2)) != days:
            await command(
                f"ALTER TABLE {name} MODIFY TTL {found.group(1)}{days}{found.group(3)}"
                " SETTINGS materialize_ttl_after_modify = 0"
            )
