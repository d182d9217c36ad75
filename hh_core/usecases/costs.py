"""Where an event's cost comes from: its counts, where each was told, the price, the arithmetic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import cast
from uuid import UUID

from hh_core.domain.costing import believed, tier_in
from hh_core.domain.enrichment import rest_facts
from hh_core.domain.event import Facts, Json
from hh_core.domain.identity import name_key as id_of
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.mapping import ToldCount
from hh_core.domain.price_book import DAY_NS, Found, PriceBook
from hh_core.domain.prices import Bill, Charge, bill
from hh_core.domain.segments import RecordKind
from hh_core.domain.telemetry import USAGE_KINDS
from hh_core.domain.tokens import KINDS, SUMS, Correction, normalised
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.concern import of_rows
from hh_core.usecases.event_sources import address
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire.otlp import decode_one
from hh_core.wire.price_lines import text_of_day
from hh_core.wire.rest import documents

COLUMNS = (
    *("event_id", "trace_id", "event_type", "event_name", "start_ns"),
    *("model", "provider", "usage", "cost"),
    *("segment", "record", "ordinal", "record_kind"),
)


@dataclass(frozen=True, slots=True)
class _Source:
    """What the raw record of an event says; empty if it is gone."""

    counts: Mapping[str, ToldCount]
    facts: Facts | None


class Costs:
    def __init__(
        self,
        analytics: Analytics,
        source: SegmentsSource,
        mapping: SpanMapping,
        book: Callable[[], PriceBook],
        freshness: Freshness,
        *,
        name_key: bytes,
    ) -> None:
        """``book`` is asked for when the first derivation is: it is large, and few ask."""
        self._analytics = analytics
        self._source = source
        self._mapping = mapping
        self._book = book
        self._freshness = freshness
        self._name_key = name_key

    async def derivation(
        self, project: UUID, text: str, *, wait: float | None = None
    ) -> tuple[dict[str, Json], bool]:
        """The derivation for the event of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id, a session's, and another project's alike,
        ``NotYetError`` while the index is behind.
        """
        query = Query(
            relation=Relation.EVENTS,
            project=project,
            columns=COLUMNS,
            where=(Condition("event_id", Op.EQ, id_of(self._name_key, project, text)),),
            limit=1,
        )
        rows, behind = await self._freshness.settled(
            project, partial(self._analytics.select, query), of_rows, wait
        )
        if not rows:
            raise missing("event", behind)
        return self._derived(project, rows[0], await self._told(project, rows[0])), behind

    async def _told(self, project: UUID, row: Row) -> _Source:
        at = address(row)
        records = await self._source.records(project, at.segment, [at.record])
        try:
            record = records[at.record]
            if row["record_kind"] == RecordKind.TRACES:
                span = decode_one(record, at.ordinal)
                return _Source(self._mapping.told(span), self._mapping.facts(span))
            event = dict(documents(record))[at.ordinal]
        except (KeyError, NotFoundError, RejectedError, RecursionError):
            return _Source({}, None)
        metadata = event.get("metadata")
        told = metadata if isinstance(metadata, dict) else {}
        counts = {
            kind: ToldCount(told[kind], f"metadata.{kind}", "rest")
            for kind in sorted(KINDS & told.keys())
            if type(told[kind]) is int
        }
        return _Source(counts, rest_facts(event))

    def _derived(self, project: UUID, row: Row, source: _Source) -> dict[str, Json]:
        usage = dict(cast("Mapping[str, int]", row["usage"] or {}))
        cost, start = cast("Decimal | None", row["cost"]), cast(int, row["start_ns"])
        facts = source.facts
        tier = tier_in(facts.attributes) if facts is not None else ""
        book = self._book()
        found = book.entries(project.bytes, str(row["provider"]), str(row["model"]))
        entry = next((one for one in found if one.entry.holds(start // DAY_NS)), None)
        made = _bill(row, usage, entry, tier)
        told = facts.cost if facts is not None else None
        basis = _basis(book, cost, told, usage, made)
        return {
            "event_id": str(row["event_id"]),
            "event_type": row["event_type"],
            "usd": None if cost is None else _text(cost),
            "basis": basis,
            "why": _WHY[basis] if basis != "unknown" else made.unknown or _WHY[basis],
            "told_usd": None if told is None else _text(told),
            "computed_usd": None if made.dollars is None else _text(made.dollars),
            "provider": row["provider"],
            "model": row["model"],
            "tier": tier or "standard",
            "day": text_of_day(start // DAY_NS),
            "usage": _counts(usage, source.counts),
            "price_book": book.version,
            "entry": None if entry is None else _entry(entry),
            "charges": [_charge(charge) for charge in made.charges],
        }


_WHY = {
    "told": "the span tells it",
    "book": "by the price book",
    "earlier": "by a price book or prices of an earlier day; hh reprice shows the difference",
    "unknown": "nothing tells it",
}


def _bill(row: Row, usage: Mapping[str, int], entry: Found | None, tier: str) -> Bill:
    if row["event_type"] != "model":
        return Bill(unknown="only model events are priced")
    if not usage:
        return Bill(unknown="the event tells no usage")
    if not row["model"]:
        return Bill(unknown="the event tells no model")
    if entry is None:
        return Bill(unknown="the price book does not know the model of this provider on that day")
    return bill(usage, entry.entry, tier)


def _basis(
    book: PriceBook,
    cost: Decimal | None,
    told: Decimal | None,
    usage: Mapping[str, int],
    made: Bill,
) -> str:
    if cost is None:
        return "unknown" if made.dollars is None else "earlier"
    if told is not None and cost == told and (believed(book, told, usage) or made.unknown):
        return "told"
    return "book" if cost == made.dollars else "earlier"


def _counts(usage: Mapping[str, int], told: Mapping[str, ToldCount]) -> list[Json]:
    """Every count that is charged or was told, where it was found and how it was made normal."""
    _, corrected = normalised({k: one.told for k, one in told.items() if _is_count(one.told)})
    by_kind = {correction.kind: correction for correction in corrected}
    kinds = [*usage, *(kind for kind in told if kind not in usage)]
    return [
        {
            "kind": kind,
            "count": usage.get(kind),
            "told": told[kind].told if kind in told else None,
            "found_in": told[kind].key or None if kind in told else None,
            "mapper": told[kind].mapper if kind in told else None,
            "how": _how(kind, usage, told, by_kind.get(kind)),
        }
        for kind in kinds
    ]


def _is_count(count: object) -> bool:
    return type(count) is int and count >= 0


def _how(
    kind: str,
    usage: Mapping[str, int],
    told: Mapping[str, ToldCount],
    correction: Correction | None,
) -> str:
    if correction is not None:
        reason = {"total": "the total includes them", "impossible": "they are more than the whole"}
        return f"told, and {' and '.join(correction.added)} added: {reason[correction.reason]}"
    if kind not in USAGE_KINDS:
        return "told instead of the whole"
    if kind not in told:
        parts = next((made.parts for made in SUMS if made.kind == kind), ())
        return "the sum of " + " and ".join(p for p in parts if p in usage or p in told)
    return "as told" if usage.get(kind) == told[kind].told else "told, and what was added to it"


def _entry(found: Found) -> dict[str, Json]:
    entry = found.entry
    return {
        "provider": entry.provider,
        "model": entry.model,
        "matched": found.how,
        "origin": entry.origin,
        "source": entry.source or None,
        "since": text_of_day(entry.since),
        "until": text_of_day(entry.until),
    }


def _charge(charge: Charge) -> dict[str, Json]:
    return {
        "unit": charge.portion.unit,
        "amount": charge.portion.amount,
        "price_of": charge.of.unit,
        "tier": charge.of.tier or "standard",
        "above": charge.of.above or None,
        "price_usd": _text(charge.price),
        "usd": _text(charge.dollars),
    }


def _text(dollars: Decimal) -> str:
    """All digits, none for nothing: ``0.00035``."""
    digits = format(dollars, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
