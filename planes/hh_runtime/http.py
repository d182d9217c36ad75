"""Serve an aiohttp application on an address, for as long as a block runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hh_runtime.net import Address, bind
from hh_runtime.public_http import PublicRunner


@asynccontextmanager
async def listening(
    handler: web.Application | web.Server,
    address: Address,
    *,
    drain_seconds: float = 25.0,
    keepalive_seconds: float = 75.0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Address]:
    """Accept connections while the block runs; answers what is in flight on the way out.

    Gives the address really bound (port 0 picks one). Raises ``PortTakenError``.
    """
    runner = _runner(handler, drain_seconds, keepalive_seconds)
    listener = bind(address)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=1024, ssl_context=tls).start()
        if address.path is not None:
            yield address
        else:
            host, port = listener.getsockname()[:2]
            yield Address(host, port)
    finally:
        await asyncio.shield(runner.cleanup())
        if address.path is not None:
            address.path.unlink(missing_ok=True)


def _runner(
    handler: web.Application | web.Server, drain_seconds: float, keepalive_seconds: float
) -> web.BaseRunner:
    if isinstance(handler, web.Application):
        return PublicRunner(
            handler,
            access_log=None,
            auto_decompress=False,
            shutdown_timeout=drain_seconds,
            keepalive_timeout=keepalive_seconds,
        )
    return web.ServerRunner(handler, shutdown_timeout=drain_seconds)
