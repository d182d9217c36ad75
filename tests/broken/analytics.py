"""Indexes that break one guarantee each."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hh_core.domain.tables import KEYS
from hh_core.errors import RejectedError, TooWideError
from hh_core.ports.analytics import Arrival, Query, Relation, Row, Shared
from hh_memory.analytics import Cells, MemoryAnalytics


class Forgetful(MemoryAnalytics):
    """A crash, or closing, takes everything with it."""

    def close(self) -> None:
        for table in self.backend.tables.values():
            table.clear()
        super().close()


class Placed(MemoryAnalytics):
    """Identity holds the trace and the start, so that a corrected event is there twice."""

    def store(self, relation: Relation, row: Cells) -> None:
        if relation is not Relation.EVENTS:
            super().store(relation, row)
            return
        table = self.backend.tables[relation]
        key = (*(row[name] for name in KEYS[relation]), row["trace_id"], row["start_ns"])
        present = table.setdefault(key, row)
        if row["version"] > present["version"]:
            table[key] = row


class LastWins(MemoryAnalytics):
    """Of two versions the one that arrives last stays."""

    def store(self, relation: Relation, row: Cells) -> None:
        if relation is Relation.EVENTS:
            key = tuple(row[name] for name in KEYS[relation])
            self.backend.tables[relation][key] = row
        else:
            super().store(relation, row)


class Lagging(MemoryAnalytics):
    """Lists learn of an event only when the next one comes."""

    def visible(self, relation: Relation, project: UUID) -> list[Cells]:
        rows = super().visible(relation, project)
        if relation is not Relation.LISTING:
            return rows
        newest = max((row["version"], row["event_id"].int) for row in rows) if rows else None
        return [row for row in rows if (row["version"], row["event_id"].int) != newest]


class Growing(MemoryAnalytics):
    """Adds to what it counted before."""

    def keep(self, row: Cells) -> None:
        key = row["project_id"], row["session_key"]
        before = self.backend.tables[Relation.SESSIONS].get(key)
        super().keep(row)
        if before is not None:
            kept = self.backend.tables[Relation.SESSIONS].setdefault(key, before)
            kept["num_events"] = max(kept["num_events"], before["num_events"])


class Mingled(MemoryAnalytics):
    """Forgets the project when it counts."""

    async def count(self, query: Query) -> int:
        found = 0
        for project in {row["project_id"] for row in self._rows_of(query.relation)}:
            asked = Query(relation=query.relation, project=project, where=query.where)
            found += await super().count(asked)
        return found if query.where == () and not query.group_by else await super().count(query)

    def _rows_of(self, relation: Relation) -> Collection[Cells]:
        if relation is Relation.LISTING:
            relation = Relation.EVENTS
        return list(self.backend.tables[relation].values())


class Swallowing(MemoryAnalytics):
    """Drops in silence what it cannot store."""

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        try:
            await super().insert(relation, arrow)
        except RejectedError:
            return


class Partial(MemoryAnalytics):
    """Answers as many rows as it may read, as if they were all."""

    def read(self, query: Query) -> list[Cells]:
        try:
            return super().read(query)
        except TooWideError:
            with self.backend.lock:
                return self.visible(query.relation, query.project)[: self.config.max_query_rows]


class Undead(MemoryAnalytics):
    """Answers after it was closed."""

    def check(self) -> None:
        self._closed = False
        super().check()


class Blurred(MemoryAnalytics):
    """Loses the order in which a tie of starts is broken: caught by random histories."""

    async def select(self, query: Query) -> list[Row]:
        rows: list[Any] = [dict(row) for row in await super().select(query)]
        for row in rows:
            if row.get("event_name") == "start":
                row["event_name"] = "a"
        return rows


class Solitary(MemoryAnalytics):
    """Takes every batch for the only one."""

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        self.check()
        return Shared(set(), set())


class Tacit(MemoryAnalytics):
    """Says that others have written, and leaves out some of what they wrote."""

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        found = await super().shared(project, mark, sessions, traces)
        some = set(sorted(found.around.links or ())[:1])
        return replace(found, around=replace(found.around, links=some))


class Unaware(MemoryAnalytics):
    """Takes every id for one that is derived."""

    async def has_chosen_ids(self, project: UUID) -> bool:
        await super().has_chosen_ids(project)
        return False


class Shortsighted(MemoryAnalytics):
    """Sees nothing arrive but events."""

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        found = await super().arrived(project, since_ms, limit)
        return [arrival for arrival in found if arrival.relation is Relation.EVENTS]


class Stubborn(MemoryAnalytics):
    """Lets what a batch added up overwrite a recount."""

    def store(self, relation: Relation, row: Cells) -> None:
        if relation is Relation.SESSIONS:
            self.backend.recounted.clear()
        super().store(relation, row)


BROKEN: dict[type[MemoryAnalytics], str] = {
    Forgetful: "a1",
    Placed: "a2",
    LastWins: "a2",
    Lagging: "a3",
    Growing: "a4",
    Stubborn: "a4",
    Mingled: "a5",
    Swallowing: "a6",
    Partial: "a7",
    Undead: "a8",
    Solitary: "a9",
    Tacit: "a9",
    Unaware: "a10",
    Shortsighted: "a11",
    Blurred: "model",
}
