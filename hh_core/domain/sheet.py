"""Many spans of one form mapped at once, column by column: the same facts at a fifth of the cost.

Spans of one form have the same small attribute keys, and mappers that speak of them as ``Rules``.
Where all values read, and where two conventions say the same, they agree, what happens to one span
happens to all: the steps are those of ``Mapping.facts``, each done to a whole column. A span in
which anything is otherwise is ``odd`` and is mapped by ``Mapping.facts`` itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import compress
from typing import Any

from hh_core.domain.enrichment import assumed_type, dollars
from hh_core.domain.event import Json
from hh_core.domain.identity import MAX_ID
from hh_core.domain.paths import MAX_KEY, MAX_PATHS, MAX_VALUE, index, json_value
from hh_core.domain.rules import Document, Fallback, Glance, Kind, Reader, Rules, places
from hh_core.domain.telemetry import EVENT_TYPES, MAX_COUNT, USAGE_KINDS
from hh_core.domain.tokens import KINDS, SUMS, TELLING, corrections

FACTS = frozenset(
    {
        "",
        *("event_name", "claimed_event_id", "session_id", "model", "provider", "response_id"),
        *("error_class", "duration_ns"),
    }
)
"""Fields of ``Facts`` that a ``Small`` of a form may fill; empty: none."""

Column = list[Any]
Shape = tuple[tuple[str, ...], ...]


class Documents(dict[tuple[Reader, str], Json]):
    """What documents hold: many spans have the same, and it is asked for twice."""

    def __missing__(self, key: tuple[Reader, str]) -> Json:
        read, text = key
        found = self[key] = read(text)
        return found


_TEXT = {str}
_NUMBERS = frozenset((int, float, bool))


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """What spans have in common that are mapped column by column. ``Mapping`` has one of each."""

    keys: tuple[str, ...]
    """Of the attributes whose values are needed, in order."""
    rules: tuple[Rules, ...]
    """Of the mappers that speak, in their order; of ``large`` only what is among the keys."""
    places: tuple[tuple[str, str, str], ...]
    """Of each key: where it stands if no mapper takes it, and where if that place is taken."""
    documents: tuple[tuple[int, Reader], ...]
    """Which of the keys hold documents, and how these are read."""


@dataclass(slots=True)
class Sheet:
    """The facts of many spans. All columns have the same length."""

    facts: dict[str, Column]
    """The texts and numbers of ``Facts`` that something tells."""
    event_type: Column
    usage: dict[str, Column]
    """By token kind; of spans that are no model events, only to be left out."""
    cost: list[Decimal | None] | None
    attributes: dict[str, Column]
    """By dotted path: scalars that the index takes as they are."""
    more: list[dict[str, Json]] | None = None
    """What else the index keeps of each span, where some hold what it does not take as it is: lists
    and objects, long and empty texts."""
    truncated: Column | None = None
    """What the index leaves out of each; None: nothing."""
    untyped: Sequence[int] = ()
    """The spans whose type nothing tells: ``settle_types``."""

    @property
    def size(self) -> int:
        """How many spans it tells of."""
        return len(self.event_type)

    def settle_types(self, are_roots: Iterable[bool]) -> None:
        """Give a type to the ``untyped`` ones, of which ``are_roots`` says whether they are, as
        ``assumed_type`` has it; the cost of a chain is that of its children."""
        for place, is_root in zip(self.untyped, are_roots, strict=True):
            self.event_type[place] = assumed_type(is_root=is_root)
            if self.cost is not None and self.event_type[place] == "chain":
                self.cost[place] = None


def map_sheet(
    form: Form, size: int, columns: Sequence[Sequence[Any]], documents: Documents | None = None
) -> tuple[Sheet | None, set[int]]:
    """The facts of ``size`` spans whose attributes are ``columns``, one for each key, without the
    odd spans. Answers which those are, and None if all are."""
    values = dict(zip(form.keys, columns, strict=True))
    filling = _Filling(size, values, Documents() if documents is None else documents)
    for rules in form.rules:
        filling.follow(rules)
    filling.keep_the_rest(form.places)
    filling.make_room()
    if len(filling.odd) == size:
        return None, set(range(size))
    return filling.sheet(), filling.odd


def shape_of(form: Form, texts: tuple[Any, ...], documents: Documents) -> Shape | None:
    """What tells spans of one form apart: the members of their documents, whose ``texts`` are the
    values at ``form.documents``. None for a span that is odd for sure."""
    shape = []
    for text, (_, read) in zip(texts, form.documents, strict=True):
        found = documents[read, text] if type(text) is str else None
        if type(found) is not dict:
            return None
        shape.append(tuple(found))
    return tuple(shape)


@dataclass(slots=True)
class _Filling:
    """What ``Facts`` is to one span."""

    size: int
    values: Mapping[str, Sequence[Any]]
    documents: Documents
    facts: dict[str, Column] = field(default_factory=dict)
    event_type: Column | None = None
    usage: dict[str, Column] = field(default_factory=dict)
    attributes: dict[str, Column] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    odd: set[int] = field(default_factory=set)
    cost: Column | None = None
    more: Column | None = None
    truncated: Column | None = None

    def follow(self, rules: Rules) -> None:
        self._take(rules)
        for kind in rules.kinds:
            self._tell(kind)
        for document in rules.documents:
            self._spread(document)
        for glance in rules.glances:
            self._glance(glance)
        for fallback in rules.fallbacks:
            self._fall_back(fallback)

    def _take(self, rules: Rules) -> None:
        self.taken |= rules.large
        for key, read, path, fact, usage in rules.small:
            if key in self.taken:
                continue
            column = list(map(read, self.values[key]))
            if not all(column):
                self._note(value is None or (fact and not value) for value in column)
            if usage:
                self.usage.setdefault(usage, column)
            elif fact:
                self._same(self.facts.setdefault(fact, column), column, only=not path)
            if path:
                self._same(self.attributes.setdefault(path, column), column)
            self.taken.add(key)

    def keep_the_rest(self, keys: Iterable[tuple[str, str, str]]) -> None:
        self._complete_usage()
        self.cost = self.attributes.get("metadata.cost")
        for key, place, _ in keys:
            if key not in self.taken:
                column = [v if type(v) is str else json_value(v) for v in self.values[key]]
                self._same(self.attributes.setdefault(place, column), column)

    def make_room(self) -> None:
        """Set aside what the index does not take as it is."""
        sessions = self.facts.get("session_id", ())
        self._note(text is not None and len(text) > MAX_ID for text in sessions)
        is_full = len(self.attributes) > MAX_PATHS
        rough = [
            path
            for path, column in self.attributes.items()
            if is_full or len(path) > MAX_KEY or not _fit(column)
        ]
        if rough:
            self._shorten({path: self.attributes.pop(path) for path in rough})

    def _shorten(self, rough: Mapping[str, Column]) -> None:
        """A span is odd if what it has beside the other columns needs one of their places."""
        own, room = self.attributes.keys(), MAX_PATHS - len(self.attributes)
        self.more, self.truncated = [], []
        for row, cells in enumerate(zip(*rough.values(), strict=True)):
            kept, left_out = index(dict(zip(rough, cells, strict=True)))
            if len(kept) > room or (own and not own.isdisjoint(kept)):
                self.odd.add(row)
            self.more.append(kept)
            self.truncated.append(left_out)

    def sheet(self) -> Sheet:
        types = list(self._of_sound(self.event_type or [""] * self.size))
        attributes = {path: self._of_sound(column) for path, column in self.attributes.items()}
        untyped = [place for place, told in enumerate(types) if told not in EVENT_TYPES]
        return Sheet(
            {name: self._of_sound(column) for name, column in self.facts.items()},
            types,
            {kind: self._of_sound(column) for kind, column in self.usage.items()},
            self._costs(types),
            attributes,
            self._of_sound(self.more) if self.more is not None else None,
            self._of_sound(self.truncated) if self.truncated is not None else None,
            untyped,
        )

    def _costs(self, types: Column) -> list[Decimal | None] | None:
        if self.cost is None:
            return None
        told = zip(self._of_sound(self.cost), types, strict=True)
        return [dollars(cost) if kind != "chain" else None for cost, kind in told]

    def _tell(self, kind: Kind) -> None:
        if self.event_type is not None and all(self.event_type):
            return
        types = dict(kind.types)
        if kind.key in self.values:
            found = [types.get(str(value), kind.otherwise) for value in self.values[kind.key]]
        else:
            found = [types.get("None", kind.otherwise)] * self.size
        before = self.event_type
        self.event_type = (
            found if before is None else [a or b for a, b in zip(before, found, strict=True)]
        )

    def _spread(self, document: Document) -> None:
        """All documents have the same members, see ``shape_of``."""
        if document.key in self.taken:
            return
        read, found = document.read, self.documents
        rows = [found[read, text] for text in self.values[document.key]]
        for name, path in places(rows[0], document):
            column = [row[name] for row in rows]
            if document.is_usage and name in USAGE_KINDS:
                self.usage.setdefault(name, column)
            self._same(self.attributes.setdefault(path, column), column)
        self.taken.add(document.key)

    def _glance(self, glance: Glance) -> None:
        """Where some spans tell the fact, those that do not are odd."""
        key, read, fact, path = glance
        if fact in self.facts:
            return
        column = list(map(read, self.values[key]))
        if any(column):
            if not all(column):
                self._note(not value for value in column)
            self.facts[fact] = column
            self._same(self.attributes.setdefault(path, column), column)

    def _fall_back(self, fallback: Fallback) -> None:
        """Among events of its type those of another are odd."""
        event_type, fact, source, path = fallback
        found = self.attributes.get(source)
        if fact in self.facts or found is None:
            return
        if not event_type:
            texts = [value if type(value) is str and value else None for value in found]
            self._note(value is None for value in texts)
            self.facts[fact] = texts
            if path:
                self.attributes.setdefault(path, texts)
        elif self.event_type is not None and event_type in self.event_type:
            pairs = zip(self.event_type, found, strict=True)
            self._note(told != event_type or type(v) is not str or not v for told, v in pairs)
            self.facts[fact] = found
            self.attributes.setdefault(path, found)

    def _complete_usage(self) -> None:
        usage = {kind: column for kind, column in self.usage.items() if kind in KINDS}
        for column in usage.values():
            if not all(type(count) is int and 0 <= count <= MAX_COUNT for count in column):
                self._note(not (type(c) is int and 0 <= c <= MAX_COUNT) for c in column)
        for kind, needs, parts in SUMS:
            if kind not in usage and not needs.isdisjoint(usage):
                usage[kind] = self._sum([usage[part] for part in parts if part in usage])
                self.attributes.setdefault(f"metadata.{kind}", usage[kind])
        if not TELLING.isdisjoint(usage):
            self._note(_left_out(usage))
        self.usage = {kind: column for kind, column in usage.items() if kind in USAGE_KINDS}

    def _sum(self, parts: Sequence[Column]) -> Column:
        """Of odd spans anything."""
        if self.odd:
            parts = [[count if type(count) is int else 0 for count in part] for part in parts]
        sums = list(map(sum, zip(*parts, strict=True)))
        return sums if max(sums) <= MAX_COUNT else [min(count, MAX_COUNT) for count in sums]

    def _same(self, standing: Column, column: Column, *, only: bool = True) -> None:
        """Spans in which a place is taken by another value are odd."""
        if only and standing is not column and standing != column:
            self._note(a != b for a, b in zip(standing, column, strict=True))

    def _note(self, is_odd: Iterable[Any]) -> None:
        self.odd.update(place for place, odd in enumerate(is_odd) if odd)

    def _of_sound(self, column: Column) -> Column:
        if not self.odd:
            return column
        return list(compress(column, (place not in self.odd for place in range(self.size))))


def _left_out(usage: Mapping[str, Column]) -> Iterator[bool]:
    """Whether some count of a span leaves something out; mostly no part is told, or is zero."""
    kinds, rows = tuple(usage), zip(*usage.values(), strict=True)
    telling = zip(*(usage[kind] for kind in sorted(TELLING & usage.keys())), strict=True)
    for parts, row in zip(telling, rows, strict=True):
        is_told = any(parts) and not any(type(count) is not int for count in row)
        yield is_told and bool(corrections(dict(zip(kinds, row, strict=True))))


def _fit(column: Column) -> bool:
    """Whether the index takes all of its values as they are."""
    kinds = set(map(type, column))
    if kinds == _TEXT:
        sizes = list(map(len, column))
        return min(sizes) > 0 and max(sizes) <= MAX_VALUE
    return all(map(_fits, column)) if not kinds <= _NUMBERS else True


def _fits(value: Json) -> bool:
    kind = type(value)
    return 0 < len(value) <= MAX_VALUE if kind is str else kind in _NUMBERS
