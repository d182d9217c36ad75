"""All that a plane of the embedded platform keeps or shows, as bytes to search through."""

import asyncio
import hashlib
import re
import socket
from pathlib import Path

import asyncpg

from embedded import Embedded
from embedded.steps import clickhouse_bytes, rows
from hh_cli.embedded.layout import Layout, Ports

_ZEROS = re.compile(rb"\0{256,}")


def files(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` by its path: stores, write-ahead logs, logs. Files that are the
    same byte by byte come once, and runs of zeros are cut short: both hold nothing more."""
    found: dict[str, bytes] = {}
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # an engine merged or recycled it; what it held is elsewhere
            continue
        digest = hashlib.sha256(data).digest()
        if digest not in seen:
            seen.add(digest)
            found[str(path.relative_to(folder))] = _ZEROS.sub(b"\0" * 256, data)
    return found


def dumps(running: Embedded, plane: str) -> dict[str, bytes]:
    """Every row of both databases of a plane, as text."""
    return {
        f"{plane} clickhouse": dump_clickhouse(running, plane),
        f"{plane} postgres": dump_postgres(running, plane),
    }


def dump_clickhouse(running: Embedded, plane: str) -> bytes:
    names = "SELECT name FROM system.tables WHERE database = 'hh' AND NOT is_temporary"
    tables = [name for (name,) in rows(running, plane, names)]
    assert "events" in tables
    return b"".join(
        clickhouse_bytes(running, plane, f"SELECT * FROM hh.`{table}` FORMAT JSONEachRow")
        for table in tables
    )


def dump_postgres(running: Embedded, plane: str) -> bytes:
    return asyncio.run(_dump_postgres(running, plane))


async def _dump_postgres(running: Embedded, plane: str) -> bytes:
    secret = Layout.of(running.folder).secret(plane, "postgres.password").read_text().strip()
    port = Ports(running.port_base).postgres(plane)
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="hh", password=secret, database="postgres"
    )
    try:
        names = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        assert names
        found = [
            row
            for (name,) in names
            for row in await connection.fetch(f'SELECT t::text FROM "{name}" t')
        ]
    finally:
        await connection.close()
    return b"\n".join(str(row[0]).encode() for row in found)


def metrics(running: Embedded, plane: str) -> bytes:
    """What every process of a plane exposes on its own Unix socket."""
    return b"".join(_get_unix(path) for path in sorted(running.runtime.glob(f"{plane}.*.sock")))


def _get_unix(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n")
        data = b""
        while chunk := client.recv(65536):
            data += chunk
    assert b"200" in data.splitlines()[0]
    return data
