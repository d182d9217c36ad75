"""Numbered, forward-only migrations: each file of ``migrations/`` is applied once, in order."""

from importlib.resources import files
from typing import Any

from hh_core.errors import ConfigError

_LOCK = 0x6868_7265_636F_7264  # "hhrecord": whoever holds it migrates, the others wait

_VERSIONS = """
create table if not exists schema_versions (
    version integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
)
"""


async def migrate(connection: Any) -> None:
    """Bring the database to this release's schema, in one transaction.

    Safe to call from several processes at a time. Raises ``ConfigError`` for a database that a
    newer release has migrated.
    """
    steps = _steps()
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_VERSIONS)
        done = await connection.fetchval("select coalesce(max(version), 0) from schema_versions")
        if done > max(steps):
            raise ConfigError(
                f"the database has schema {done}, this release knows {max(steps)}: "
                "upgrade, or restore a backup made with pg_dump before the newer release"
            )
        for version in range(done + 1, max(steps) + 1):
            name, statements = steps[version]
            await connection.execute(statements)
            await connection.execute(
                "insert into schema_versions (version, name) values ($1, $2)", version, name
            )


def _steps() -> dict[int, tuple[str, str]]:
    """``{1: ("records", "create table …"), …}``, from files named ``0001_records.sql``."""
    steps = {}
    for file in files("hh_postgres").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            steps[int(number)] = (name, file.read_text())
    return steps
