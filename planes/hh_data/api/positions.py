"""Ask the plane's ingest processes, over their Unix sockets, what they have not seen indexed and
which keys were used at their doors."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import orjson

from hh_core.errors import UnavailableError
from hh_runtime.net import Address

_TIMEOUT = aiohttp.ClientTimeout(total=2.0, connect=0.5)


class IngestDoor:
    """One ingest process. Everything raises ``UnavailableError`` while it does not answer."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self._url = url
        self._client = client

    async def pending(self, project: UUID, *, is_awaited: bool) -> Sequence[str]:
        """``GET /internal/pending?project=<uuid>&awaited=1``: names of segments."""
        answer = await self._ask("pending", project=str(project), awaited=str(int(is_awaited)))
        try:
            return [str(name) for name in answer["segments"]]
        except (KeyError, TypeError) as error:
            raise UnavailableError(_ODD) from error

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Sequence[str]:
        """``POST /internal/without``: names of segments."""
        asked = {
            "project": str(project),
            "segments": list(segments),
            "needles": [one.hex() for one in needles],
        }
        answer = await self._ask("without", asked)
        try:
            return [str(name) for name in answer["segments"]]
        except (KeyError, TypeError) as error:
            raise UnavailableError(_ODD) from error

    async def key_uses(self) -> Mapping[UUID, int]:
        """``GET /internal/key-uses``: key ids, and when each was last used in ms since 1970."""
        answer = await self._ask("key-uses")
        try:
            return {UUID(key_id): int(used_ms) for key_id, used_ms in answer["uses"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnavailableError(_ODD) from error

    async def totals(self) -> tuple[int, int]:
        """``GET /internal/totals``: spans and bytes taken in since that process began."""
        answer = await self._ask("totals")
        try:
            return int(answer["spans"]), int(answer["bytes"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnavailableError(_ODD) from error

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, what: str, body: Any = None, **parameters: str) -> Any:
        method, data = ("GET", None) if body is None else ("POST", orjson.dumps(body))
        try:
            async with self._client.request(
                method, f"{self._url}/internal/{what}", params=parameters, data=data
            ) as answer:
                if answer.status != 200:
                    raise UnavailableError(f"an ingest process answered {answer.status}")
                return orjson.loads(await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnavailableError("an ingest process does not answer") from error
        except orjson.JSONDecodeError as error:
            raise UnavailableError(_ODD) from error


_ODD = "an ingest process answered something else"


class IngestPositions:
    """``hh_core.usecases.freshness.Positions`` over all ingest processes of the plane."""

    def __init__(self, doors: Sequence[IngestDoor]) -> None:
        self.doors = doors

    async def pending(self, project: UUID, *, is_awaited: bool = True) -> Collection[str]:
        asked = (door.pending(project, is_awaited=is_awaited) for door in self.doors)
        answers = await asyncio.gather(*asked)
        return {name for names in answers for name in names}

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        asked = (door.without(project, segments, needles) for door in self.doors)
        return {name for names in await asyncio.gather(*asked) for name in names}


@asynccontextmanager
async def open_positions(addresses: Sequence[Address]) -> AsyncIterator[IngestPositions]:
    """One client per ingest process; none is contacted before somebody asks."""
    doors = [_door(address) for address in addresses]
    try:
        yield IngestPositions(doors)
    finally:
        for door in doors:
            await door.close()


def _door(address: Address) -> IngestDoor:
    if address.path is None:
        return IngestDoor(f"http://{address}", aiohttp.ClientSession(timeout=_TIMEOUT))
    connector = aiohttp.UnixConnector(path=str(address.path))
    return IngestDoor("http://ingest", aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT))
