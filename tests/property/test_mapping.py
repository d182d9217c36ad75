"""Laws of mapping: nothing raises, nothing is lost, and the index agrees with what readers see."""

from collections.abc import Iterator
from collections.abc import Mapping as Mapped
from dataclasses import asdict
from random import Random
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.event import Content, Facts, Json, Mapper
from hh_core.domain.filters import lookup
from hh_core.domain.mapping import DERIVED, INDEXED, Mapping, is_left_to_content
from hh_core.domain.paths import MAX_PATHS
from hh_core.domain.span import (
    MAX_SHAPE_CHARACTERS,
    MAX_SHAPES,
    ByKeys,
    Keys,
    Origin,
    Span,
    SpanEvent,
)
from hh_mappers import hh_mappers

KEYS = [
    "honeyhive.session_id",
    "honeyhive.source",
    "honeyhive.project",
    "honeyhive_event_type",
    "honeyhive_event_name",
    "honeyhive_event_id",
    "honeyhive_error",
    "honeyhive_error_type",
    "honeyhive_duration_ms",
    "honeyhive_inputs.a",
    "honeyhive_inputs.a.b",
    "honeyhive_inputs.l.0",
    "honeyhive_inputs.l.1",
    "honeyhive_outputs.result",
    "honeyhive_config.model",
    "honeyhive_metadata.prompt_tokens",
    "honeyhive_metadata.trace_id",
    "honeyhive_metadata.a",
    "honeyhive_metadata.a.0",
    "honeyhive_metrics.score",
    "honeyhive_feedback.rating",
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
    "llm.cost",
    "llm.finish_reason",
    "llm.input_messages.0.message.role",
    "llm.input_messages.0.message.content",
    "llm.input_messages.0.message.contents.0.message_content.text",
    "llm.input_messages.7.message.tool_calls.0.tool_call.function.name",
    "llm.input_messages.x",
    "llm.output_messages.0.message.content",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
    "llm.output_messages.0",
    "llm.tools.0.tool.json_schema",
    "input.value",
    "input.mime_type",
    "output.value",
    "metadata",
    "retrieval.documents.0.document.content",
    "embedding.embeddings.0.embedding.text",
    "tool.name",
    "tool.parameters",
    "span.type",
    "success",
    "input_tokens",
    "tool_input",
    "response.model_output",
    "mistral_ai.error.type",
    "mistral_ai.error.message",
    "ai.operationId",
    "ai.model.provider",
    "gen_ai.tool.message",
    "lk.pii.chat_ctx",
    "lk.function_tool.is_error",
    "judgment.span_kind",
    "judgment.input",
    "codex.turn.token_usage.input_tokens",
    "gen_ai.usage",
    "traceloop.span.kind",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.plan",
    "llm.request.type",
    "llm.request.functions.0.name",
    "gen_ai.task.input",
    "gen_ai.operation.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.request.temperature",
    "gen_ai.response.model",
    "gen_ai.response.id",
    "gen_ai.response.finish_reasons",
    "gen_ai.conversation.id",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.cost",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.prompt.0.role",
    "gen_ai.prompt.0.content",
    "gen_ai.prompt.0.tool_calls.0.name",
    "gen_ai.prompt",
    "gen_ai.completion.0.content",
    "gen_ai.completion.3.content",
    "gen_ai.prompt.variable.x",
    "gen_ai.prompt.name",
    "gen_ai.request.messages",
    "gen_ai.request.structured_output_schema",
    "gen_ai.response.text",
    "gen_ai.response.tool_calls",
    "gen_ai.tool.args",
    "gen_ai.tool.output",
    "gen_ai.event.content",
    "gen_ai.prompt.0.function_call.arguments",
    "gen_ai.completion.0.tool_calls.0.arguments",
    "gen_ai.completion",
    "gen_ai.model",
    "gen_ai.provider.name",
    "gen_ai.tool.name",
    "gen_ai.retrieval.documents",
    "gen_ai.agent.tools",
    "gen_ai.tool.status",
    "event_loop.cycle_id",
    "tool.result",
    "pydantic_ai.all_messages",
    "all_messages_events",
    "final_result",
    "events",
    "tool_arguments",
    "tool_response",
    "model_request_parameters",
    "model_name",
    "agent_name",
    "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.llm_response",
    "gcp.vertex.agent.tool_call_args",
    "gcp.vertex.agent.session_id",
    "mcp.method.name",
    "mcp.response.value",
    "mcp.request.argument.city",
    "sk.available_functions",
    "langfuse.observation.type",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "langfuse.observation.usage_details",
    "langfuse.observation.model.parameters",
    "langfuse.trace.metadata.trace_id",
    "langsmith.span.kind",
    "langsmith.metadata.session_id",
    "langsmith.metadata.tool_choice",
    "mlflow.spanType",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "mlflow.chat.tokenUsage",
    "model",
    "tools",
    "ai.operationId",
    "ai.prompt.messages",
    "ai.response.toolCalls",
    "ai.prompt.tools",
    "logfire.span_type",
    "response",
    "events",
    "raw_input",
    "args",
    "error",
    "gen_ai.usage.raw",
    "llm.openai.messages",
    "llm.openai.choices",
    "llm.openai.usage",
    "metadata.usage_object",
    "langwatch.span.type",
    "langwatch.input",
    "langwatch.output",
    "langwatch.metrics",
    "agentops.span.kind",
    "agentops.entity.input",
    "langtrace.service.type",
    "llm.token.counts",
    "braintrust.span_attributes",
    "braintrust.input_json",
    "braintrust.metadata",
    "braintrust.scores",
    "fi.span.kind",
    "trace_id",
    "resource",
    "prompt_tokens",
    "http.route",
    "error.type",
]
KEYS += [  # of OpenInference, OpenLLMetry, Haystack, Laminar, OpenLIT
    "llm.output_messages.1.message.function_call_arguments_json",
    "llm.output_messages.1.message.function_call_name",
    "llm.output_messages.0.message.contents.0.message_content.signature",
    "llm.output_messages.0.message.contents.1.tool_call.id",
    "llm.input_messages.1.message.contents.0.message_content.image.image.url",
    "llm.function_call",
    "llm.prompts.0.prompt.text",
    "llm.choices.0.completion.text",
    "llm.prompt_template.variables",
    "llm.system",
    "embedding.invocation_parameters",
    "embedding.embeddings.0.embedding.vector",
    "reranker.query",
    "reranker.output_documents.0.document.score",
    "input.images.0.image.url",
    "annotations.0.annotation.name",
    "annotations.0.annotation.score",
    "decision.model_name",
    "crew_tasks",
    "crew_inputs",
    "traceloop.association.properties.thread_id",
    "llm.prompts.0.content",
    "llm.completions.0.content",
    "llm.is_streaming",
    "gen_ai.request.structured_output_schema",
    "db.system",
    "db.marqo.search.query",
    "haystack.component.type",
    "haystack.component.input",
    "haystack.component.output",
    "haystack.agent.step.llm.input",
    "haystack.agent.step.llm.output",
    "haystack.agent.output",
    "haystack.pipeline.input_data",
    "lmnr.span.type",
    "lmnr.span.input",
    "lmnr.span.output",
    "lmnr.association.properties.session_id",
    "lmnr.association.properties.metadata.tier",
    "gen_ai.client.token.usage",
    "gen_ai.tool.args",
]

scalars_ = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
)
MEMBERS = ["role", "parts", "type", "content", "text", "message", "tool_calls", "id", "name"]
MEMBERS += ["arguments", "toolUse", "toolResult", "function", "reasoningContent", "event.name"]
trees = st.recursive(
    scalars_ | st.sampled_from(["text", "tool_call", "tool_call_response", "thinking", "model"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=8,
)
json_texts = st.sampled_from(
    [
        "{",
        "[]",
        "{}",
        "null",
        "[1]",
        '{"a":1}',
        '[{"role":1}]',
        '[{"role":"user","parts":[{"type":"text"},{"type":"tool_call"},3]}]',
        '[{"type":"tool_call_response"}]',
        '{"message":{"content":[]}}',
        '{"env":"prod","n":{"x":[1,"y"]},"tools":[{"name":"t"}]}',
        '{"model":"m","messages":[[{"lc":1,"type":"constructor","id":["A"],"kwargs":{"content":1}}]]}',
        '{"id":"resp-123","choices":[{"message":{"role":"assistant","content":[{"type":3}]}}]}',
        '{"replies":[{"role":"ai","meta":{"model":1,"usage":{"prompt_tokens":2}},"content":[{}]}]}',
        "{'a': [Message(_role=<Role.USER: 'user'>, _content=[Text(text='x')], n=-1)]}",
        '{"inputs":{"session_id":"x"},"metadata": {"session_id":"y","thread_id":"z"}}',
        '{"args":[1],"kwargs":{"a":2}}',
        "[" * 2000,
        "generation",
        '"CHAT_MODEL"',
        "llm",
        "ai.generateText.doGenerate",
        "{'a': None, 2: {1j}}",
        "[{'role': 'user', 'content': '\\ud800'}]",
        '{"input":5,"output":{"cached_tokens":1},"total":1.5,"cost":-1}',
        '{"generations":[[{"message":{"lc":1,"id":[3],"kwargs":{"content":[1]}}}]]}',
        '{"messages":[["user","x"],[[]],{"additional_kwargs":{},"content":{},"type":"ai"}]}',
        '{"args":[[1]],"kwargs":{}}',
        '{"type":"list","value":[{"type":"text","value":1}]}',
        "1e999",
        "9" * 50,
    ]
)
attributes = st.dictionaries(
    st.sampled_from(KEYS) | st.text(max_size=12), trees | json_texts, max_size=12
)
EVENT_NAMES = ["exception", "gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt"]
EVENT_NAMES += ["gen_ai.tool.message", "gen_ai.content.completion"]
span_events = st.builds(
    SpanEvent,
    st.sampled_from([*EVENT_NAMES, "gen_ai.client.inference.operation.details"]),
    st.integers(0, 9),
    st.dictionaries(
        st.sampled_from(
            ["exception.message", "exception.type", "tool.result", "body", *MEMBERS, *KEYS]
        ),
        trees | json_texts,
        max_size=4,
    ),
)
spans = st.builds(
    Span,
    trace_id=st.just(b"t" * 16),
    span_id=st.just(b"s" * 8),
    parent_span_id=st.sampled_from([b"", b"p" * 8]),
    name=st.text(max_size=5),
    kind=st.integers(0, 5),
    start_ns=st.integers(0, 2**64 - 1),
    end_ns=st.integers(0, 2**64 - 1),
    attributes=attributes,
    status_code=st.integers(0, 2),
    status_message=st.text(max_size=5),
    origin=st.builds(Origin, attributes, st.sampled_from(["", "honeyhive.1234", "scope"])),
    events=st.lists(span_events, max_size=2),
)


def as_event(content: Content) -> dict[str, Json]:
    return {
        name: getattr(content, name) for name in (*INDEXED, "inputs", "outputs", "error", "source")
    }


@given(spans)
def test_no_mapper_raises_whatever_stands_in_a_span(span: Span) -> None:
    mapping = Mapping([*hh_mappers()])
    mapping.facts(span)
    content = mapping.event(span)

    assert not mapping.failures
    assert orjson.loads(orjson.dumps(as_event(content))) is not None


@given(spans)
def test_what_the_index_holds_is_what_readers_find(span: Span) -> None:
    mapping = Mapping([*hh_mappers()])
    facts, event = mapping.facts(span), as_event(mapping.event(span))

    for path, value in facts.attributes.items():
        if not is_own(path):
            assert lookup(event, path) == value


@given(spans)
def test_what_readers_find_in_indexed_buckets_is_in_the_index_or_counted(span: Span) -> None:
    mapping = Mapping([*hh_mappers()])
    facts, content = mapping.facts(span), mapping.event(span)

    missing = [
        path
        for bucket in INDEXED
        for path in leaves(bucket, getattr(content, bucket))
        if path not in facts.attributes and not is_own(path)
    ]
    assert not missing or facts.truncated
    assert len(facts.attributes) <= MAX_PATHS


def leaves(path: str, value: Json) -> Iterator[str]:
    """The path of each scalar that is not empty."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(f"{path}.{key}", below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from leaves(f"{path}.{number}", below)
    elif value is not None and value != "":
        yield path


def is_own(path: str) -> bool:
    """Under a key that does not come from attributes, or that the index may not know."""
    bucket, _, rest = path.partition(".")
    return is_left_to_content(path) or (bucket == "metadata" and rest.split(".")[0] in DERIVED)


GONE = {
    "honeyhive.project",  # a field of its own, which the key decides
    "honeyhive_event_type",
    "honeyhive_duration_ms",
    "honeyhive_metadata.trace_id",  # the server's own
}


@given(st.sets(st.sampled_from([key for key in KEYS if key not in GONE]), min_size=1, max_size=12))
def test_every_text_that_was_sent_is_found_again(keys: set[str]) -> None:
    texts = {key: f"canary-{number}-x" for number, key in enumerate(sorted(keys))}
    span = plain_span(texts)
    mapping = Mapping([*hh_mappers()])
    facts = mapping.facts(span)

    found = orjson.dumps(as_event(mapping.event(span))).decode()
    found += f"{facts.session_id} {facts.event_name} {facts.claimed_event_id} "
    assert [key for key, text in texts.items() if text not in found] == []


@given(attributes, st.randoms(use_true_random=False))
def test_the_order_of_a_spans_attributes_changes_nothing(
    given_: dict[str, Any], random: Random
) -> None:
    keys = list(given_)
    random.shuffle(keys)
    mapping = Mapping([*hh_mappers()])

    one, other = plain_span(given_), plain_span({key: given_[key] for key in keys})

    assert sorted_facts(mapping.facts(one)) == sorted_facts(mapping.facts(other))
    assert told(mapping.event(one)) == told(mapping.event(other))


def told(content: Content) -> bytes:
    return orjson.dumps(as_event(content), option=orjson.OPT_SORT_KEYS)


def sorted_facts(facts: Facts) -> bytes:
    return orjson.dumps(
        [asdict(facts) | {"taken": sorted(facts.taken), "cost": str(facts.cost)}],
        option=orjson.OPT_SORT_KEYS,
    )


@given(spans)
def test_an_error_class_is_known_exactly_when_there_is_an_error(span: Span) -> None:
    mapping = Mapping([*hh_mappers()])

    assert bool(mapping.facts(span).error_class) == (mapping.event(span).error is not None)


class Unprepared:
    """A mapper as third parties write them: asked about each span anew."""

    def __init__(self, mapper: Mapper) -> None:
        self.name, self.rank = mapper.name, mapper.rank
        self.speaks, self.facts, self.content = mapper.speaks, mapper.facts, mapper.content


@st.composite
def twins(draw: st.DrawFn) -> tuple[Span, Span]:
    """Two spans with the same attribute keys."""
    keys = draw(st.lists(st.sampled_from(KEYS) | st.text(max_size=12), max_size=12, unique=True))
    first, second = ({key: draw(trees | json_texts, label=key) for key in keys} for _ in range(2))
    return plain_span(first), plain_span(second)


@given(twins())
def test_what_is_prepared_for_one_span_suits_all_with_the_same_keys(
    pair: tuple[Span, Span],
) -> None:
    prepared = Mapping([*hh_mappers()])
    anew = Mapping([Unprepared(mapper) for mapper in hh_mappers()])

    for span in pair:
        assert repr(prepared.facts(span)) == repr(anew.facts(span))
        assert repr(prepared.event(span)) == repr(anew.event(span))


def test_ever_new_keys_take_no_more_memory() -> None:
    remembered = ByKeys(len)

    for number in range(2 * MAX_SHAPES):
        assert remembered[(str(number), "a")] == 2
    assert remembered["x" * MAX_SHAPE_CHARACTERS, "y"] == 2

    assert len(remembered) <= MAX_SHAPES
    assert max(sum(map(len, keys)) for keys in remembered) <= MAX_SHAPE_CHARACTERS


class Broken:
    name = "broken"
    rank = 0

    def speaks(self, span: Span) -> bool:
        return True

    def facts(self, span: Span, facts: Any) -> None:
        raise RuntimeError

    def content(self, span: Span, content: Any) -> None:
        raise RuntimeError


def test_a_mapper_that_raises_is_counted_and_the_others_go_on() -> None:
    mapping = Mapping([Broken(), *hh_mappers()])
    facts = mapping.facts(plain_span({"session.id": "s"}))

    assert facts.session_id == "s"
    assert mapping.failures == {"broken": 1}


class Complaining:
    """It tells readers of an error, and the index of none."""

    name, rank = "complaining", 1

    def speaks(self, span: Span) -> bool:
        return True

    def facts(self, span: Span, facts: Facts) -> None:
        facts.attributes["metadata.seen"] = True

    def content(self, span: Span, content: Content) -> None:
        content.error = "a complaint"


def test_an_error_that_the_index_is_not_told_of_is_shown_beside() -> None:
    mapping = Mapping([Complaining(), *hh_mappers()])

    sound = mapping.event(plain_span({}))
    failed = mapping.event(plain_span({"honeyhive_error_type": "Timeout"}))

    assert (sound.error, sound.metadata["error_message"]) == (None, "a complaint")
    assert failed.error == "a complaint"


class Hesitant(Broken):
    """It cannot even say what it would do."""

    def prepare(self, keys: Keys) -> None:
        raise RuntimeError


def test_a_mapper_that_cannot_prepare_is_counted_and_not_asked() -> None:
    mapping = Mapping([Hesitant(), *hh_mappers()])
    facts = mapping.facts(plain_span({"session.id": "s"}))

    assert facts.session_id == "s"
    assert mapping.failures == {"broken": 1}


def plain_span(attributes: Mapped[str, Any]) -> Span:
    return Span(b"t" * 16, b"s" * 8, b"", "name", 0, 1, 2, attributes, 0, "", Origin({}))
