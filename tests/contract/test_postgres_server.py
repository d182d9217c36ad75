"""The embedded PostgreSQL runs for any user, below any folder, and migrates once."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from servers.postgres import postgres_server, start_postgres

from hh_core.errors import ConfigError, DeniedError
from hh_postgres import server
from hh_postgres.connection import PostgresConfig
from hh_postgres.records import open_records

LONG = 120


@pytest.fixture
def private_home(tmp_path: Path) -> Iterator[Path]:
    """A folder of mode 0700, as /root has it, with a path of 120 characters below it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    deep = home / ("d" * max(1, LONG - len(str(home)) - len("/")))
    deep.mkdir()
    yield deep
    shutil.rmtree(home)


def test_it_runs_below_a_private_home_in_a_long_folder(private_home: Path) -> None:
    running = start_postgres(private_home)
    try:
        config = running.config()
        asyncio.run(_open(config))
        running.server.stop()
        running.start()
        asyncio.run(_open(config))
    finally:
        running.server.stop()

    assert len(str(private_home)) >= LONG
    assert (private_home / "data").stat().st_mode & 0o777 == 0o700


def test_an_ordinary_user_needs_no_setpriv(tmp_path: Path) -> None:
    """Prepares and starts it in a process of another user, as a newcomer at a desk would."""
    home = tmp_path / "user"
    home.mkdir()
    code = """
import os, pathlib, subprocess, sys
os.environ["PATH"] = ""
from hh_postgres import server
home = pathlib.Path(sys.argv[1])
(home / "password").write_text("secret")
server.prepare(home / "data", home / "password")
command = server.command(home / "data", 1)
assert command[0].endswith("/postgres"), command
print(subprocess.run([*command, "-C", "listen_addresses"], capture_output=True, text=True).stdout)
"""
    drop = []
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
        drop += ["setpriv", "--reuid=nobody", "--clear-groups", "--regid=nogroup"]
        # just the right to read a Python that may stand below /root
        drop += ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
    done = subprocess.run(
        [*drop, sys.executable, "-c", code, str(home)], capture_output=True, text=True
    )

    assert done.stdout.strip() == "127.0.0.1", done.stderr


def test_without_setpriv_root_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ConfigError, match="setpriv"):
        server.command(tmp_path, 1)


def test_a_folder_left_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").touch()
    running = start_postgres(tmp_path)
    running.server.stop()

    assert (tmp_path / "data" / "PG_VERSION").read_text().strip() == str(server.MAJOR)
    assert not (tmp_path / "data.new").exists()


def test_a_folder_of_another_release_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("16\n")

    with pytest.raises(ConfigError, match="made by PostgreSQL 16"):
        server.prepare(data, tmp_path / "password")


def test_it_stops_at_once_on_sigint_and_sigterm(tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        folder = tmp_path / number.name
        folder.mkdir()
        running = start_postgres(folder)

        assert running.server.ended_by(number) == 0


def test_a_wrong_password_is_denied() -> None:
    config = postgres_server().config(password="wrong")

    with pytest.raises(DeniedError):
        asyncio.run(_open(config))


def test_several_processes_may_migrate_at_a_time() -> None:
    config = postgres_server().config()

    async def open_many() -> None:
        await asyncio.gather(*(_open(config) for _ in range(4)))

    asyncio.run(open_many())


def test_a_database_of_a_newer_release_is_refused() -> None:
    config = postgres_server().config()

    async def leap() -> None:
        await _open(config)
        connection = await asyncpg.connect(
            host=config.host,
            port=config.port,
            user=config.user,
            password=config.password.get_secret_value(),
            database=config.database,
        )
        await connection.execute("insert into schema_versions values (999, 'future')")
        await connection.close()
        await _open(config)

    with pytest.raises(ConfigError, match="schema 999"):
        asyncio.run(leap())


async def _open(config: PostgresConfig) -> None:
    async with open_records(config) as records:
        await records.ping()
