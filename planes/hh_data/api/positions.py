"""Ask the plane's ingest processes, over their Unix sockets, what they have not seen indexed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import aiohttp
import orjson

from hh_core.errors import UnavailableError
from hh_runtime.net import Address

_TIMEOUT = aiohttp.ClientTimeout(total=2.0, connect=0.5)


class IngestPositions:
    """``hh_core.usecases.freshness.Positions`` over ``GET /internal/pending?project=<uuid>``."""

    def __init__(self, clients: Sequence[tuple[str, aiohttp.ClientSession]]) -> None:
        self._clients = clients

    async def pending(self, project: UUID) -> Collection[str]:
        answers = await asyncio.gather(
            *(_ask(url, client, project) for url, client in self._clients)
        )
        return {name for names in answers for name in names}


@asynccontextmanager
async def open_positions(addresses: Sequence[Address]) -> AsyncIterator[IngestPositions]:
    """One client per ingest process; none is contacted before somebody asks."""
    clients = [_client(address) for address in addresses]
    try:
        yield IngestPositions(clients)
    finally:
        for _, client in clients:
            await client.close()


def _client(address: Address) -> tuple[str, aiohttp.ClientSession]:
    if address.path is None:
        return f"http://{address}", aiohttp.ClientSession(timeout=_TIMEOUT)
    connector = aiohttp.UnixConnector(path=str(address.path))
    return "http://ingest", aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)


async def _ask(url: str, client: aiohttp.ClientSession, project: UUID) -> Sequence[str]:
    try:
        async with client.get(
            f"{url}/internal/pending", params={"project": str(project)}
        ) as answer:
            if answer.status != 200:
                raise UnavailableError(f"an ingest process answered {answer.status}")
            names = orjson.loads(await answer.read())["segments"]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise UnavailableError("an ingest process does not answer") from error
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnavailableError("an ingest process answered something else") from error
    return [str(name) for name in names]
