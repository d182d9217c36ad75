"""Which derivation of the raw records the rows of the index are of (DESIGN 4.2).

Rows are made from records by mappers, and mappers change. Both rows that two derivations tell of
one span have the time, node, sequence and ordinal of the record, so the number of the derivation
stands between sequence and ordinal in the version: the later derivation wins, in whatever order and
however often its rows come, on both planes. The numbers are kept beside the raw records, whose
derivations they count: no other store that is lost takes them along.
"""

from collections.abc import Callable

import orjson

from hh_core.domain.identity import MOST_GENERATIONS
from hh_core.errors import ConfigError, ConflictError
from hh_core.ports.objects import Objects

DERIVATIONS = "derivations/"
"""Prefix of the objects, one for each derivation that was begun, by its number in four digits."""


class Derivations:
    def __init__(self, objects: Objects, *, now_ms: Callable[[], int]) -> None:
        self._objects = objects
        self._now_ms = now_ms

    async def latest(self) -> int:
        """The number of the latest derivation; that of a data plane's first is 0, and not kept."""
        found = await self._objects.list(DERIVATIONS, limit=MOST_GENERATIONS)
        return int(found[-1].key.removeprefix(DERIVATIONS)) if found else 0

    async def begin(self) -> int:
        """A number that is later than all others, and durable. Of two who ask at once each gets
        its own. Raises ``ConfigError`` when there is none left."""
        number = await self.latest() + 1
        while number < MOST_GENERATIONS:
            begun = orjson.dumps({"begun_ms": self._now_ms(), "number": number})
            try:
                await self._objects.put(f"{DERIVATIONS}{number:04d}", begun)
                return number
            except ConflictError:
                number += 1
        raise ConfigError(
            f"the index has been derived anew {MOST_GENERATIONS} times: empty it"
            " (remove ClickHouse's files), and fill it with hh rebuild --from-raw"
        )
