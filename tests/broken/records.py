"""Records that break one guarantee each."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from hh_core.errors import PortError
from hh_core.ports.records import Document, Record
from hh_memory.records import Backend, MemoryRecords, MemoryUnit, Table


class HalfDone(MemoryRecords):
    """The first write of a unit that raises stays."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnit]:
        async with super().begin() as unit:
            try:
                yield unit
            except PortError:
                raise
            except Exception:
                del unit.writes[1:]
                unit.commit()
                raise


class Forgetful(MemoryRecords):
    """A crash takes everything with it."""

    def crash(self) -> None:
        self.backend.table = {}
        super().crash()


class DirtyUnit(MemoryUnit):
    def table(self) -> Table:
        table = super().table()
        assert isinstance(self.records, Dirty)
        for other in self.records.open:
            if other is not self:
                for write in other.writes:
                    write(table)
        return table


class Dirty(MemoryRecords):
    """The units of one process share a transaction."""

    unit = DirtyUnit

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.open: list[MemoryUnit] = []

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnit]:
        async with super().begin() as unit:
            self.open.append(unit)
            try:
                yield unit
            finally:
                self.open.remove(unit)


class VersionlessUnit(MemoryUnit):
    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        await super().put(kind, key, value)


class Versionless(MemoryRecords):
    """Nobody's version is checked."""

    unit = VersionlessUnit


class RacingUnit(MemoryUnit):
    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        await super().put(kind, key, value, expect=expect)
        if expect is not None:
            self.writes.pop()
            await super().put(kind, key, value)
            await asyncio.sleep(0.02)


class Racing(MemoryRecords):
    """A version is checked when it is put, not when the unit ends."""

    unit = RacingUnit


class OverwritingUnit(MemoryUnit):
    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        present = {record.key: record.value for record in await self.get(kind, list(values))}
        for key, fields in values.items():
            await self.put(kind, key, {**present.get(key, {}), **fields})
        await asyncio.sleep(0.02)


class Overwriting(MemoryRecords):
    """A merge writes the whole document that it read."""

    unit = OverwritingUnit


class DeepUnit(MemoryUnit):
    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        present = {record.key: record.value for record in await self.get(kind, list(values))}
        for key, fields in values.items():
            old = present.get(key, {})
            deep = {
                name: {**old[name], **new}
                if isinstance(new, dict) and isinstance(old.get(name), dict)
                else new
                for name, new in fields.items()
            }
            await super().merge(kind, {key: deep})


class Deep(MemoryRecords):
    """A merge goes deeper than the top level."""

    unit = DeepUnit


class Finding(MemoryUnit):
    """A unit whose ``find`` begins with everything there is of a kind."""

    async def everything(self, kind: str) -> Sequence[Record]:
        return await MemoryUnit.find(self, kind, limit=10**9)


class WildUnit(Finding):
    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        pattern = re.compile(re.escape(prefix).replace("_", "."))
        plain = await super().find(kind, after=after, limit=10**9, where=where)
        return [record for record in plain if pattern.match(record.key)][:limit]


class Wild(MemoryRecords):
    """An underscore in a prefix stands for any character."""

    unit = WildUnit


class InclusiveUnit(Finding):
    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        found = await super().find(kind, prefix=prefix, limit=10**9, where=where)
        return [record for record in found if record.key >= after][:limit]


class Inclusive(MemoryRecords):
    """A page begins with the last record of the one before."""

    unit = InclusiveUnit


class ContainingUnit(Finding):
    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        exact = await super().find(kind, prefix=prefix, after=after, limit=limit, where=where)
        if not any(isinstance(value, dict) for value in (where or {}).values()):
            return exact
        return [record for record in await self.everything(kind) if "tags" in record.value]


class Containing(MemoryRecords):
    """``where`` is content with an object that holds more than it asks for."""

    unit = ContainingUnit


class Raw(MemoryRecords):
    """The driver's own errors escape."""

    def check(self) -> None:
        try:
            super().check()
        except PortError as error:
            raise RuntimeError("SQLSTATE 08003") from error


class ResurrectingUnit(MemoryUnit):
    async def delete(self, kind: str, keys: Sequence[str]) -> None:
        graves = self.records.backend.__dict__.setdefault("graves", {})
        graves.update({record.key: record.value for record in await self.get(kind, keys)})
        await super().delete(kind, keys)

    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        graves = self.records.backend.__dict__.setdefault("graves", {})
        there = {record.key for record in await self.get(kind, list(values))}
        await super().merge(
            kind,
            {
                key: fields if key in there else {**graves.get(key, {}), **fields}
                for key, fields in values.items()
            },
        )


class Resurrecting(MemoryRecords):
    """A merge after a delete brings back the fields that were deleted."""

    unit = ResurrectingUnit


BROKEN: dict[type[MemoryRecords], str] = {
    HalfDone: "r1",
    Forgetful: "r2",
    Dirty: "r3",
    Versionless: "r4", Racing: "r4",
    Overwriting: "r5", Deep: "r5",
    Wild: "r6", Inclusive: "r6", Containing: "r6",
    Raw: "r7",
    Resurrecting: "model",
}  # fmt: skip
