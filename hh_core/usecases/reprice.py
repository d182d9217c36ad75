"""Price history anew: from the usage that is stored, by the price book as it is now.

A repriced row is the event's own with another cost. Its version stands above that of the row it
comes from and below that of whatever is received later: each run is a derivation of its own
(``derivations``), whose number stands above the ordinal in the version. So it can be done again
from the start at any time, and a record that is dispatched again changes nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from hh_core.domain.costing import COST, TOLD_COST, price, was_computed
from hh_core.domain.event import Facts
from hh_core.domain.identity import MOST_GENERATIONS, ORDINAL_BITS, Version
from hh_core.domain.price_book import PriceBook
from hh_core.domain.tables import EVENTS
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
)
from hh_core.ports.records import Records
from hh_core.usecases.batch import Rows
from hh_core.usecases.retelling import Tell
from hh_core.usecases.rollups import RollUps
from hh_core.wire import columns, telemetry

PRICES, RUN = "prices", "run"
"""The document of runs that applied: what was ``begun`` and is not ended, each a project, a start,
a model and the number of the first run that began it."""

_COLUMNS = tuple(column.name for column in EVENTS)
_PAGE = 5_000
_MOST_HOURS = 100_000
"""That are asked for at once; more come in their turn."""
_HOUR = timedelta(hours=1)
_HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events. Only model events have a computed cost."""

    project: UUID
    since_ns: int = 0
    model: str | None = None
    """As the events have it; None: all."""


@dataclass(slots=True)
class Difference:
    """What a price book changes for one model."""

    events: int = 0
    changed: int = 0
    unknown_before: int = 0
    unknown_after: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)

    def add(self, old: Decimal | None, new: Decimal | None) -> None:
        self.events += 1
        self.changed += old != new
        self.unknown_before += old is None
        self.unknown_after += new is None
        self.before += old or 0
        self.after += new or 0


class Reprice:
    def __init__(
        self,
        analytics: Analytics,
        records: Records,
        roll_ups: RollUps,
        book: PriceBook,
        *,
        begin: Callable[[], Awaitable[int]],
        tell: Tell | None = None,
    ) -> None:
        """``begin`` gives the number of a new derivation (``derivations``). ``tell`` carries on
        what changes; None: there is no control plane."""
        self._analytics = analytics
        self._records = records
        self._roll_ups = roll_ups
        self._book = book
        self._new_derivation = begin
        self._tell = tell

    async def __call__(
        self, wanted: Sequence[Wanted], *, apply: bool = False
    ) -> Mapping[tuple[str, str], Difference]:
        """What changes, by provider and model. With ``apply`` it is changed: rows are written,
        sessions counted anew, and the control plane is told. Raises what the ports raise: begin
        anew then, nothing is counted twice."""
        found: dict[tuple[str, str], Difference] = {}
        generation, unfinished = await self._begin(wanted) if apply else (0, {})
        for each in wanted:
            first = unfinished.get(each.project, MOST_GENERATIONS)
            async for page in self._pages(each):
                rows = []
                for row in page:
                    old = cast("Decimal | None", row["cost"])
                    new, attributes = self._priced(each.project, row)
                    model = str(row["provider"]), str(row["model"])
                    found.setdefault(model, Difference()).add(old, new)
                    if old != new or first <= _generation_of(row) < generation:
                        version = _version(row, generation)
                        changed = {"cost": new, "attributes": attributes, "version": version}
                        rows.append({**row, **changed})
                if apply and rows:
                    await self._write(rows)
        if apply:
            await self._end(wanted)
        return found

    async def _pages(self, wanted: Wanted) -> AsyncIterator[Sequence[Row]]:
        """Model events with usage, hour by hour."""
        where = [Condition("event_type", Op.EQ, "model")]
        if wanted.model is not None:
            where.append(Condition("model", Op.EQ, wanted.model))
        begin, hours = wanted.since_ns, [wanted.since_ns]
        while hours:
            hours = await self._hours(wanted.project, where, begin)
            for hour in hours:
                end = Condition("start_ns", Op.LT, hour + _HOUR_NS)
                async for page in self._within(wanted.project, (*where, end), max(hour, begin)):
                    yield page
            begin = max(hours, default=0) + _HOUR_NS

    async def _hours(self, project: UUID, where: Sequence[Condition], begin: int) -> list[int]:
        """The first hours from ``begin`` on in which there are such events, in order."""
        query = Query(
            relation=Relation.EVENTS,
            project=project,
            where=(*where, Condition("start_ns", Op.GE, begin)),
            bucket=_HOUR,
            measures=(Measure("events", Function.COUNT),),
            order_by=(Order("bucket"),),
            limit=_MOST_HOURS,
        )
        return [cast(int, hour["bucket"]) for hour in await self._analytics.select(query)]

    async def _within(
        self, project: UUID, where: Sequence[Condition], begin: int
    ) -> AsyncIterator[Sequence[Row]]:
        """Page by page, each from where the one before ended: rows that dispatch adds meanwhile
        shift no other out of sight."""
        past: tuple[Condition | AnyOf, ...] = (Condition("start_ns", Op.GE, begin),)
        while True:
            page = Query(
                relation=Relation.EVENTS,
                project=project,
                columns=_COLUMNS,
                where=(*where, *past),
                order_by=(Order("start_ns"), Order("event_id")),
                limit=_PAGE,
            )
            rows = await self._analytics.select(page)
            yield [row for row in rows if row["usage"]]
            if len(rows) < _PAGE:
                return
            last, event = cast(int, rows[-1]["start_ns"]), rows[-1]["event_id"]
            later = Condition("start_ns", Op.GT, last)
            beside = AnyOf((later, Condition("event_id", Op.GT, cast(UUID, event))))
            past = (Condition("start_ns", Op.GE, last), beside)

    def _priced(self, project: UUID, row: Row) -> tuple[Decimal | None, Mapping[str, str]]:
        """The cost of a stored event now, and its attributes with it."""
        kept = dict(cast("Mapping[str, str]", row["attributes"]))
        facts = Facts(
            event_type="model",
            model=str(row["model"]),
            provider=str(row["provider"]),
            usage=dict(cast("Mapping[str, int]", row["usage"])),
            cost=_told(row, kept),
            attributes=kept,
        )
        shown, told = kept.pop(COST, None), kept.pop(TOLD_COST, None)
        original = told if told is not None else shown
        if facts.cost is not None:
            kept[COST] = original if original is not None else str(float(facts.cost))
        price(self._book, project.bytes, facts, cast(int, row["start_ns"]))
        return facts.cost, {path: str(value) for path, value in kept.items()}

    async def _begin(self, wanted: Sequence[Wanted]) -> tuple[int, Mapping[UUID, int]]:
        """The number of this run, and by project that of the first run which was not finished: rows
        from there on are written once more, since nobody knows what was left undone."""
        number = await self._new_derivation()
        begun = await self._unfinished()
        unfinished: dict[UUID, int] = {}
        for each, first in begun.items():
            unfinished[each.project] = min(first, unfinished.get(each.project, first))
        for each in wanted:
            covered = [first for one, first in begun.items() if _covers(each, one)]
            begun = {one: first for one, first in begun.items() if not _covers(each, one)}
            begun[each] = min((number, *covered))
        await self._note(begun)
        return number, unfinished

    async def _end(self, wanted: Sequence[Wanted]) -> None:
        """What ``wanted`` covers is done: what others left undone is not."""
        begun = await self._unfinished()
        done = {one for one in begun for each in wanted if _covers(each, one)}
        await self._note({one: first for one, first in begun.items() if one not in done})

    async def _unfinished(self) -> Mapping[Wanted, int]:
        """What was begun and not ended, each with the number of the first run that began it."""
        async with self._records.begin() as unit:
            found = await unit.get(PRICES, [RUN])
        return {
            Wanted(project=UUID(hex=project), since_ns=since, model=model): first
            for project, since, model, first in (found[0].value.get("begun", []) if found else [])
        }

    async def _note(self, begun: Mapping[Wanted, int]) -> None:
        told = [[w.project.hex, w.since_ns, w.model, first] for w, first in begun.items()]
        async with self._records.begin() as unit:
            await unit.merge(PRICES, {RUN: {"begun": told}})

    async def _write(self, found: Sequence[Mapping[str, Any]]) -> None:
        """The control plane hears of rows first: what follows is done again if it breaks off."""
        found = sorted(found, key=lambda row: row["segment"])
        rows = Rows(Relation.EVENTS)
        rows.add(_COLUMNS, [[row[name] for name in _COLUMNS] for row in found])
        arrow = rows.arrow()
        events = telemetry.one_batch(columns.decode(Relation.EVENTS, arrow))
        if self._tell is not None:
            await self._tell({str(row["segment"]) for row in found}, events)
        await self._analytics.insert(Relation.EVENTS, arrow)
        await self._roll_ups(events)


def _covers(some: Wanted, other: Wanted) -> bool:
    """Whether whatever ``other`` is about ``some`` is about too."""
    return (
        some.project == other.project
        and some.since_ns <= other.since_ns
        and some.model in (None, other.model)
    )


def _told(row: Row, attributes: Mapping[str, str]) -> Decimal | None:
    """The cost that the span told, if it did."""
    text = attributes.get(TOLD_COST, attributes.get(COST))
    if text is None:
        return cast("Decimal | None", row["cost"])
    return None if was_computed(text) else _decimal(text)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text).quantize(Decimal("1e-12"))
    except ArithmeticError:
        return None


def _number(row: Row) -> int:
    version = row["version"]
    return version if isinstance(version, int) else int.from_bytes(cast(bytes, version), "little")


def _generation_of(row: Row) -> int:
    return Version.parse(_number(row)).index >> ORDINAL_BITS


def _version(row: Row, generation: int) -> int:
    """That of the row's record and place in another derivation."""
    index = Version.derived(cast(int, row["ordinal"]), generation)
    return int(replace(Version.parse(_number(row)), index=index))
