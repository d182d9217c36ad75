"""``python -m hh_clickhouse.engine``: serve one folder until SIGTERM."""

import argparse
import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
from aiohttp import web

from hh_clickhouse.engine.pages import Code, unmap_when_quiet
from hh_clickhouse.engine.pool import Pool
from hh_clickhouse.engine.server import Limits, Server
from hh_clickhouse.engine.settings import read_defaults, statement_defaults, write_configuration
from hh_core.errors import ConfigError
from hh_core.heap import keep_trimmed
from hh_core.left_out import leave_out

UNUSED = ("numpy", "pandas", "pyarrow")
"""The engine's Python package would load them for answers that nobody asks for here: 20 MB."""


def main() -> None:
    arguments = _arguments()
    leave_out(UNUSED, ("chdb",))
    try:
        listener = _listen(arguments.listen)
        password = Path(arguments.password_file).read_text().strip()
        if not password:
            raise ConfigError(f"{arguments.password_file} is empty; it must hold the password")
        asyncio.run(_serve(arguments, listener, password))
    except (ConfigError, OSError) as error:
        print(f"hh_clickhouse.engine: {error}", file=sys.stderr)
        raise SystemExit(os.EX_CONFIG) from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hh_clickhouse.engine", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the data")
    parser.add_argument("--listen", default="127.0.0.1:8123", help="host:port")
    parser.add_argument("--user", default="hh")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--memory-mib", type=int, default=2048, help="of the whole process")
    parser.add_argument("--query-seconds", type=int, default=60, help="of one statement")
    parser.add_argument("--max-body-mib", type=int, default=128, help="of one request")
    parser.add_argument("--connections", type=int, default=6, help="statements at a time")
    parser.add_argument("--drain-seconds", type=float, default=20.0)
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, listener: socket.socket, password: str) -> None:
    stopping = asyncio.Event()
    pool = await asyncio.to_thread(_open, arguments)
    logging.getLogger("aiohttp.server").disabled = True  # it quotes malformed requests
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # After the engine started: it installs handlers of its own.
        loop.add_signal_handler(number, stopping.set)
    limits = Limits(arguments.connections, body_bytes=arguments.max_body_mib * 1024 * 1024)
    server = Server(pool, arguments.user, password, limits)
    runner = web.AppRunner(
        server.app(),
        access_log=None,
        auto_decompress=False,
        max_line_size=limits.uri_bytes,
        shutdown_timeout=arguments.drain_seconds,
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    code = await asyncio.to_thread(Code)
    code.unmap()  # what only the start needed
    unmapping = asyncio.create_task(unmap_when_quiet(code, lambda: server.statements))
    trimming = asyncio.create_task(keep_trimmed(stopping))
    print(f"ready on {arguments.listen}", flush=True)
    await stopping.wait()
    unmapping.cancel()
    await trimming
    await runner.cleanup()
    await asyncio.to_thread(pool.close)


def _open(arguments: argparse.Namespace) -> Pool:
    folder: Path = arguments.path.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory = arguments.memory_mib * 1024 * 1024
    configuration = write_configuration(folder, memory)
    defaults = statement_defaults(memory, arguments.query_seconds)
    try:
        target = f"{folder}?config-file={configuration}"
        pool = Pool(target, arguments.connections, defaults, read_defaults(memory))
    except RuntimeError as error:
        raise ConfigError(f"cannot open {folder}: {error}") from error
    return pool


def _listen(text: str) -> socket.socket:
    """A listening socket. Raises ``ConfigError`` that names who holds a taken port."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise ConfigError('--listen: write "host:port"')
    host = host.removeprefix("[").removesuffix("]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is taken by {_holder(int(port))}") from error
        raise ConfigError(f"cannot listen on {text}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if not listens or not connection.laddr or not connection.pid:
                continue
            if connection.laddr.port == port:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "a process that this user may not see"


if __name__ == "__main__":
    main()
