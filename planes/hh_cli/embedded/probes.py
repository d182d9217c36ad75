"""Does a process serve? Small questions over TCP and Unix sockets, without an HTTP library."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

ANSWER_SECONDS = 2.0


def http_unix(path: Path, target: str = "/readyz") -> Callable[[], Awaitable[bool]]:
    """Answers 200 on a Unix socket."""

    async def probe() -> bool:
        return await _asked(lambda: asyncio.open_unix_connection(str(path)), target)

    return probe


def http_tcp(port: int, target: str) -> Callable[[], Awaitable[bool]]:
    """Answers 200 on a TCP port of this machine."""

    async def probe() -> bool:
        return await _asked(lambda: asyncio.open_connection("127.0.0.1", port), target)

    return probe


def accepts(port: int) -> Callable[[], Awaitable[bool]]:
    """Accepts a TCP connection."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return probe


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def _asked(connect: Connect, target: str) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await connect()
            try:
                writer.write(f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split(b" ")[1:2] == [b"200"]
