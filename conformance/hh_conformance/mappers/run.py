"""Map every flow of a corpus and judge what comes out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hh_conformance.mappers.corpus import Flow
from hh_conformance.mappers.errata import Excused
from hh_conformance.mappers.event import Mapped, map_flow, sums
from hh_conformance.mappers.facts import Fact, facts_of
from hh_conformance.mappers.nowhere import lost_attributes
from hh_conformance.mappers.report import Report
from hh_conformance.mappers.shape import problems_of
from hh_core.domain.event import Mapper
from hh_core.domain.mapping import Mapping as SpanMapping


def judge(
    mappers: Sequence[Mapper], flows: Iterable[Flow], errata: Excused = frozenset()
) -> Report:
    """Ask ``mappers`` for the events of ``flows``, as a data plane would; facts in ``errata`` are
    not asked for."""
    mapping, report = SpanMapping(mappers), Report()
    for flow in flows:
        mapped = map_flow(mapping, flow.spans)
        by_span = {one.span.span_id.hex(): one for one in mapped}
        for expected in flow.expected["spans"]:
            event = by_span.get(expected["span_id"])
            place = f"{flow.name} {expected['i']} {expected['name']}"
            asked = [("span", event is not None)]
            if event is not None:
                asked += facts_of(expected, event, flow.expected)
                _tell_shape(report, flow, expected, event, place)
            _tell_facts(report, flow, place, _without(errata, flow.name, expected["i"], asked))
        totals = _without(errata, flow.name, None, _totals(flow.expected, mapped))
        _tell_facts(report, flow, flow.name, totals)
    report.raised.update(mapping.failures)
    return report


def _tell_shape(
    report: Report, flow: Flow, expected: Mapping[str, Any], event: Mapped, place: str
) -> None:
    for rule, what in problems_of(expected, event):
        report.misshapen.append((flow.package, rule, f"{place}: {what}"))
    for key in lost_attributes(event):
        report.nowhere.append((flow.package, key, place))


def _tell_facts(report: Report, flow: Flow, place: str, facts: Iterable[Fact]) -> None:
    for kind, is_right in facts:
        report.asked[flow.package, kind] += 1
        report.right[flow.package, kind] += is_right
        if not is_right:
            report.wrong.append((flow.package, kind, place))


def _totals(expected: Mapping[str, Any], mapped: Sequence[Mapped]) -> Iterator[Fact]:
    """The tokens of the flow's sessions: those of each call that a span tells of, once."""
    told = sums(mapped)
    for kind in ("prompt_tokens", "completion_tokens"):
        yield "sums", told.get(kind, 0) == expected["traced_totals"][kind]


def _without(errata: Excused, flow: str, span: int | None, facts: Iterable[Fact]) -> Iterator[Fact]:
    return (fact for fact in facts if (flow, span, fact[0]) not in errata)
