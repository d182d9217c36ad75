"""/healthz (alive), /readyz (started, not stopping, every port answers) and /metrics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hh_core.errors import HHError
from hh_runtime.http import listening
from hh_runtime.net import Address

Check = Callable[[], Awaitable[None]]
"""Returns if all is well, raises an ``HHError`` that says what is not."""

CHECK_SECONDS = 1.0


class Health:
    """What this process says about itself. ``/readyz`` answers 503 until ``started`` is called."""

    def __init__(self, process: str, stopping: asyncio.Event) -> None:
        self._process = process
        self._stopping = stopping
        self._checks: Mapping[str, Check] | None = None

    @property
    def is_started(self) -> bool:
        return self._checks is not None

    def started(self, checks: Mapping[str, Check]) -> None:
        """The process serves; from now on ``checks`` decide whether it is ready."""
        self._checks = checks

    async def faults(self) -> Mapping[str, str]:
        """Why this process is not ready; empty if it is."""
        if self._stopping.is_set():
            return {"process": "stopping"}
        if self._checks is None:
            return {"process": "starting"}
        names = list(self._checks)
        answers = await asyncio.gather(*(_answer(check) for check in self._checks.values()))
        return {name: answer for name, answer in zip(names, answers, strict=True) if answer}

    @asynccontextmanager
    async def serving(self, address: Address) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        async with listening(app, address, drain_seconds=1.0):
            yield

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"process": self._process, "alive": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        faults = await self.faults()
        body = {"process": self._process, "ready": not faults, "faults": dict(faults)}
        return web.json_response(body, status=503 if faults else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def add_health_routes(app: web.Application, checks: Mapping[str, Check]) -> None:
    """/healthz and /readyz on a plane's own port. They name no backend to the world."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        ready = not any(await asyncio.gather(*(_answer(check) for check in checks.values())))
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    app.router.add_get("/healthz", healthz, allow_head=False)
    app.router.add_get("/readyz", readyz, allow_head=False)


async def _answer(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return "no answer in time"
    except HHError as error:
        return str(error)
    return ""
