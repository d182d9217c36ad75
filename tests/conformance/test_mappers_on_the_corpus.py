"""What the mappers make of 570 flows of real instrumentors, and that the suite would notice."""

import lzma
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from corpus.errata import PAGE, page
from corpus.pack import ARCHIVE, packed
from typer.testing import CliRunner

from hh_cli.main import app
from hh_conformance.mappers import Flow, Report, excused, judge, read_corpus, read_errata, summary
from hh_conformance.mappers import page as matrix
from hh_core.domain.event import Content, Facts
from hh_core.domain.span import Span
from hh_core.hooks import load_mappers

ERRATA = ARCHIVE.with_name("errata.toml")
MATRIX = PAGE.with_name("instrumentors.md")

FACTS = 100
"""Percent that are right; only ever raised."""
SHAPES = 16
"""Events out of shape, only ever lowered. In these the application itself said a text twice."""
MOST_ERRATA = 0.5
"""Percent of the facts."""

SAMPLE = "otel-genai/opentelemetry-instrumentation-genai-openai/"


@cache
def flows() -> Sequence[Flow]:
    return list(read_corpus(ARCHIVE))


@cache
def report() -> Report:
    return judge(load_mappers(), flows(), excused(read_errata(ERRATA)))


def sample() -> list[Flow]:
    return [flow for flow in flows() if flow.name.startswith(SAMPLE)]


def test_the_facts_are_right() -> None:
    assert report().share() >= FACTS, "\n".join(summary(report()))


def test_the_events_are_in_shape() -> None:
    assert len(report().misshapen) <= SHAPES, report().misshapen[:20]


def test_no_attribute_is_nowhere() -> None:
    assert not report().nowhere


def test_no_mapper_raises_and_no_span_is_lost() -> None:
    assert not report().raised
    assert not [finding for finding in report().wrong if finding[1] == "span"]


def test_every_erratum_is_of_a_fact_that_comes_out_otherwise() -> None:
    plain = judge(load_mappers(), flows())
    wrong = {(place.split(" ")[0], kind) for _, kind, place in plain.wrong}
    errata = read_errata(ERRATA)

    assert {(one.flow, one.fact) for one in errata} <= wrong
    left_out = plain.asked.total() - report().asked.total()
    assert 0 < left_out <= plain.asked.total() * MOST_ERRATA / 100


def test_the_page_of_errata_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/corpus/errata.py"


def test_the_table_of_instrumentors_is_current() -> None:
    found = MATRIX.read_text(encoding="utf-8")

    assert found == matrix(report(), flows()), "run the command that stands in it"


def test_the_archive_is_what_the_script_makes(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")

    assert packed(tmp_path) == lzma.decompress(ARCHIVE.read_bytes())


def test_a_folder_and_an_archive_say_the_same(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE) as archive:
        chosen = [member for member in archive if member.name.startswith(SAMPLE)]
        archive.extractall(tmp_path, chosen, filter="data")

    assert [flow.name for flow in read_corpus(tmp_path)] == [flow.name for flow in sample()]
    one, other = (judge(load_mappers(), some) for some in (read_corpus(tmp_path), sample()))
    assert one == other


class Careless:
    """A mapper that puts every attribute into inputs and outputs alike."""

    name = "careless"
    rank = 1

    def speaks(self, span: Span) -> bool:
        return True

    def facts(self, span: Span, facts: Facts) -> None:
        facts.event_type = "model"

    def content(self, span: Span, content: Content) -> None:
        content.inputs.update(span.attributes)
        content.outputs.update(span.attributes)


class Forgetful(Careless):
    """A mapper that takes what it does not place, and raises at last."""

    name = "forgetful"

    def facts(self, span: Span, facts: Facts) -> None:
        facts.taken |= set(span.attributes)

    def content(self, span: Span, content: Content) -> None:
        raise ValueError(span.name)


def test_a_mapper_that_copies_everything_is_out_of_shape() -> None:
    found = judge([Careless()], sample())

    assert {rule for _, rule, _ in found.misshapen} >= {"foreign key", "inputs"}
    assert not found.passes(0)


def test_a_mapper_that_loses_attributes_or_raises_fails() -> None:
    found = judge([Forgetful()], sample())

    assert found.nowhere
    assert found.raised["forgetful"] > 0
    assert not found.passes(0)


def test_without_mappers_hardly_a_fact_is_right_but_nothing_is_lost() -> None:
    found = judge([], sample())

    assert found.share() < 60
    assert not found.nowhere


def test_a_flow_that_counts_a_call_twice_is_wrong() -> None:
    """The same spans again in another trace, without the ids that join them."""
    (flow,) = [flow for flow in sample() if flow.name.endswith("/chat")]
    twins = [_twin(span) for span in flow.spans]

    found = judge(load_mappers(), [replace(flow, spans=[*flow.spans, *twins])])

    assert [kind for _, kind, _ in found.wrong] == ["sums", "sums"]


def _twin(span: Span) -> Span:
    told = {key: span.attributes[key] for key in span.attributes if key != "gen_ai.response.id"}
    return replace(span, trace_id=b"twin" * 4, span_id=span.span_id[::-1], attributes=told)


@pytest.mark.parametrize(("bar", "code"), [("0", 0), ("100.1", 1)])
def test_the_command_fails_below_its_bar(tmp_path: Path, bar: str, code: int) -> None:
    with tarfile.open(ARCHIVE) as archive:
        chosen = [member for member in archive if member.name.startswith(SAMPLE + "chat.")]
        archive.extractall(tmp_path, chosen, filter="data")
    asked = ["conformance", "mapper", "--corpus", str(tmp_path), "--bar", bar]

    answer = CliRunner().invoke(app, [*asked, "--mapper", "genai", "--mapper", "openinference"])

    assert answer.exit_code == code, answer.output
    assert "facts" in answer.output
