"""Mapping many spans column by column says what mapping each of them says."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hh_core.domain.event import Facts
from hh_core.domain.mapping import Mapping
from hh_core.domain.sheet import Documents, Sheet, map_sheet, shape_of
from hh_core.domain.span import Origin, Span
from hh_mappers import hh_mappers

MAPPING = Mapping([*hh_mappers()])
KEYS = [
    "honeyhive.session_id",
    "honeyhive_event_name",
    "honeyhive_event_type",
    "honeyhive_event_id",
    "honeyhive_duration_ms",
    "session.id",
    "user.id",
    "tag.tags",
    "openinference.span.kind",
    "llm.model_name",
    "llm.provider",
    "llm.invocation_parameters",
    "llm.token_count.prompt",
    "llm.token_count.completion",
    "llm.token_count.total",
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.completion_details.reasoning",
    "llm.cost",
    "llm.input_messages.0.message.content",
    "input.value",
    "output.value",
    "traceloop.entity.input",
    "traceloop.association.properties.thread_id",
    "metadata",
    "tool.name",
    "traceloop.span.kind",
    "traceloop.association.properties.plan",
    "llm.request.type",
    "gen_ai.operation.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.request.temperature",
    "gen_ai.response.model",
    "gen_ai.output.messages",
    "gen_ai.response.id",
    "gen_ai.conversation.id",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cost",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.provider.name",
    "gen_ai.tool.name",
    "gen_ai.tool.status",
    "event_loop.cycle_id",
    "mcp.method.name",
    "model_name",
    "agent_name",
    "gcp.vertex.agent.session_id",
    "metadata.cost",
    "model",
    "cost",
    "trace_id",
    "http.route",
]
usual = st.sampled_from(
    [
        *("a", "gpt-4o", "LLM", "chat", "tool", "model", '{"a": 1, "b": "x"}', '{"c": null}'),
        '{"id":"resp-123"}',
        '{"inputs": 1, "metadata": {"session_id": "s-1"}}',
        '{"model": "m", "thread_id": "t-1"}',
    ]
)
values = st.one_of(
    usual,
    st.sampled_from([1, 7, -1, 0, 1 << 40, 0.5, 1e-8, True, False, "", "x" * 300, None]),
    st.sampled_from([["stop"], [], {"a": 1, "b": {"c": "x" * 300}}, [1, [2]]]),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    """Attribute keys, and the values of several spans that have them, mostly like each other."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=12))
    first = [draw(usual | values) for _ in keys]
    rows = [first]
    for _ in range(draw(st.integers(1, 4))):
        rows.append([draw(values) if draw(st.integers(0, 9)) == 0 else cell for cell in first])
    return keys, rows


@settings(max_examples=200)
@given(tables(), st.sampled_from([b"", b"p" * 8]))
def test_a_sheet_says_what_each_span_says(
    table: tuple[list[str], list[list[Any]]], parent: bytes
) -> None:
    keys, rows = table
    formed = MAPPING.formed(tuple(keys))
    if formed is None:
        return
    wanted = [[row[place] for place in formed.wanted] for row in rows]
    documents = [tuple(row[place] for place, _ in formed.form.documents) for row in wanted]
    shapes = [shape_of(formed.form, texts, Documents()) for texts in documents]
    alike = [place for place, shape in enumerate(shapes) if shape == shapes[0] is not None]

    columns = list(zip(*(wanted[place] for place in alike), strict=True))
    sheet, odd = map_sheet(formed.form, len(alike), columns) if alike else (None, set())
    if sheet is not None:
        sheet.settle_types([not parent] * len(sheet.untyped))

    sound = [place for row, place in enumerate(alike) if row not in odd]
    assert sheet is not None or not sound
    for row, place in enumerate(sound):
        assert sheet is not None
        facts = MAPPING.facts(span(keys, rows[place], parent))
        assert told(sheet, row) == only(facts)
        assert facts.truncated == (sheet.truncated[row] if sheet.truncated else 0)


def test_spans_that_are_as_usual_are_not_odd() -> None:
    keys = ["session.id", "openinference.span.kind", "llm.model_name", "llm.token_count.prompt"]
    formed = MAPPING.formed(tuple(keys))
    assert formed is not None

    sheet, odd = map_sheet(formed.form, 2, [["s", "t"], ["LLM"] * 2, ["m"] * 2, [1, 2]])

    assert odd == set()
    assert sheet is not None
    assert sheet.event_type == ["model", "model"]
    assert sheet.facts["session_id"] == ["s", "t"]
    assert sheet.usage == {"prompt_tokens": [1, 2], "total_tokens": [1, 2]}


def test_longer_conversations_have_the_same_form() -> None:
    def keys(messages: int) -> tuple[str, ...]:
        said = [f"gen_ai.prompt.{number}.content" for number in range(messages)]
        return ("gen_ai.system", *said, "gen_ai.request.model")

    short, long = MAPPING.formed(keys(1)), MAPPING.formed(keys(9))

    assert short is not None
    assert long is not None
    assert short.form is long.form


def span(keys: list[str], cells: list[Any], parent: bytes = b"") -> Span:
    pairs = dict(zip(keys, cells, strict=True))
    return Span(b"t" * 16, b"s" * 8, parent, "name", 1, 1, 2, pairs, 1, "", Origin({}))


def told(sheet: Sheet, row: int) -> dict[str, Any]:
    is_model = sheet.event_type[row] == "model"
    facts = {name: column[row] for name, column in sheet.facts.items()}
    return {
        "event_name": "name",
        **facts,
        "event_type": sheet.event_type[row],
        "usage": {k: column[row] for k, column in sheet.usage.items()} if is_model else {},
        "cost": sheet.cost[row] if sheet.cost else None,
        "attributes": {path: column[row] for path, column in sheet.attributes.items()}
        | (sheet.more[row] if sheet.more else {}),
    }


def only(facts: Facts) -> dict[str, Any]:
    """What is told; of texts and numbers nothing that is empty."""
    texts = ("claimed_event_id", "session_id", "model", "provider", "response_id", "error_class")
    found = {name: getattr(facts, name) for name in ("event_name", *texts, "duration_ns")}
    return {
        **{name: value for name, value in found.items() if value},
        "event_type": facts.event_type,
        "usage": facts.usage,
        "cost": facts.cost,
        "attributes": facts.attributes,
    }
