"""Spans of many forms are laid out together, and one that fails takes no other with it."""

from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from raw_segments import name, record, segment

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.mapping import Mapping
from hh_core.domain.rules import Rules, Small
from hh_core.domain.segments import ContentType
from hh_core.domain.span import Keys, Span
from hh_core.ports.analytics import Relation
from hh_core.usecases import alike
from hh_core.usecases.batch import Batch
from hh_core.usecases.index import Indexer
from hh_core.wire.segment import read_segment

FORMS = 9


def _read(value: Any) -> str:
    if value == "poison":
        raise ValueError(value)
    return str(value)


class Fragile:
    """A third party's mapper that raises for some values."""

    name, rank = "fragile", 1

    def prepare(self, keys: Keys) -> Step | None:
        return Rules(small=tuple(Small(key, _read, f"metadata.{key}") for key in keys))

    def speaks(self, span: Span) -> bool:
        return True

    def facts(self, span: Span, facts: Facts) -> None:
        raise AssertionError("what is prepared is used")

    def content(self, span: Span, content: Content) -> None:
        raise AssertionError("nobody reads")


def indexed(values: dict[int, str], *, scopes: int = 1) -> Batch:
    """Two spans of each of some forms; ``values`` of the first of a form."""
    request = ExportTraceServiceRequest()
    around = [request.resource_spans.add().scope_spans.add() for _ in range(scopes)]
    for number in range(2 * FORMS):
        form, is_second = divmod(number, 2)
        spans = around[number * scopes // (2 * FORMS)].spans
        span = spans.add(name=f"{form}", trace_id=bytes([number + 1] * 16))
        span.span_id = bytes([number + 1] * 8)
        said = "fine" if is_second else values.get(form, "fine")
        span.attributes.add(key=f"key{form}").value.string_value = said
    called = name(1)
    data, _ = segment(
        called, [record(request.SerializeToString(), content_type=ContentType.PROTOBUF)]
    )
    indexer = Indexer(Mapping([Fragile()]), name_key=b"n" * 32, dp_id="dp")
    return indexer.segment(called, read_segment(data, called))


def attributes(batch: Batch) -> dict[tuple[str, int], dict[str, str]]:
    rows = batch.rows[Relation.EVENTS]
    cells = (rows.column(column) for column in ("event_name", "ordinal", "attributes"))
    return {(name_, ordinal): dict(told) for name_, ordinal, told in zip(*cells, strict=True)}


def test_spans_of_many_forms_have_each_their_own_attributes() -> None:
    found = attributes(indexed({3: "other"}))

    assert len(found) == 2 * FORMS
    assert found["3", 6] == {"metadata.key3": "other"}
    assert found["3", 7] == {"metadata.key3": "fine"}
    assert all(set(told) == {f"metadata.key{form}"} for (form, _), told in found.items())


def test_no_more_attributes_are_held_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    flush = alike.Alike.flush

    def counting(self: alike.Alike) -> None:
        held.append(sum(map(len, self._held.values())))
        flush(self)

    monkeypatch.setattr(alike.Alike, "flush", counting)
    whole = attributes(indexed({}, scopes=FORMS))
    assert held == [2 * FORMS]

    held.clear()
    monkeypatch.setattr(alike, "HELD_VALUES", 3)
    assert attributes(indexed({}, scopes=FORMS)) == whole
    assert max(held) <= 4  # and one group more
    assert sum(held) == 2 * FORMS


@pytest.mark.parametrize("poisoned", [{0}, {4}, {8}, {0, 5, 8}, set(range(FORMS))])
def test_one_that_fails_takes_no_other_with_it(poisoned: set[int]) -> None:
    batch = indexed(dict.fromkeys(poisoned, "poison"))

    found = attributes(batch)
    assert len(found) == 2 * FORMS
    for (form, ordinal), told in found.items():
        said = "poison" if int(form) in poisoned and not ordinal % 2 else "fine"
        assert told == {f"metadata.key{form}": said}
    assert batch.paths.keys() == {
        (record(b"").header.project.bytes, "chain", f"metadata.key{form}") for form in range(FORMS)
    }
