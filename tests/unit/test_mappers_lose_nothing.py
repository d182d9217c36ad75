"""Whatever stands under a key that a mapper knows, of whichever type: it is in the event."""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import orjson
import pytest

import hh_mappers
from hh_core.domain.mapping import Mapping
from hh_core.domain.span import AnyValue, Origin, Span
from hh_core.hooks import load_mappers
from hh_mappers.routes import Routes

MAPPING = Mapping(load_mappers())
CANARY = "canary-7-x"
VALUES: dict[str, AnyValue] = {
    "text": CANARY,
    "json": f'{{"aa": "{CANARY}"}}',
    "list": [CANARY],
}
ENDS = ("0.zz", "0.message.content", "zz")
"""What follows a prefix that a mapper knows."""
SPOKEN: list[dict[str, AnyValue]] = [
    {},
    {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"},
    {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"},
    {"gen_ai.operation.name": "embeddings"},
    {"openinference.span.kind": "LLM", "llm.input_messages.0.message.content": "Hi"},
    {"openinference.span.kind": "TOOL"},
    {"traceloop.span.kind": "tool"},
    {"honeyhive_event_type": "model"},
    {"langsmith.span.kind": "llm"},
    {"mlflow.spanType": '"CHAT_MODEL"'},
    {"ai.operationId": "ai.generateText.doGenerate"},
    {"logfire.msg": "x"},
    {"pydantic_ai.x": "y"},
    {"langfuse.observation.type": "generation"},
    {"langtrace.service.type": "llm"},
    {"langwatch.span.type": "llm"},
    {"agentops.span.kind": "llm"},
    {"braintrust.span_attributes.type": "llm"},
    {"genkit:type": "action", "genkit:metadata:subtype": "model"},
    {"spring.ai.kind": "chat_model"},
    {"mastra.span.type": "tool_call"},
    {"judgment.span_kind": "llm"},
    {"lmnr.span.type": "LLM"},
    {"haystack.component.type": "OpenAIChatGenerator"},
    {"span.type": "tool"},
    {"turn.type": "x"},
    {"mcp.method.name": "tools/call"},
    {"event_loop.cycle_id": "x"},
]
"""Marks of conventions: with them a mapper takes what it leaves alone otherwise."""
FIELDS = frozenset(
    {"honeyhive.project", "honeyhive_project", "traceloop.association.properties.project"}
)
"""The key of a request decides the project."""


@cache
def known_keys() -> list[str]:
    modules = [
        import_module(f"hh_mappers.{m.name}") for m in pkgutil.iter_modules(hh_mappers.__path__)
    ]
    tables = [each for module in modules for each in vars(module).values()]
    tables += [getattr(each, "routes", None) for each in tables if isinstance(each, type)]
    found: set[str] = set()
    for table in tables:
        if isinstance(table, Routes):
            found |= table.keys()
            found |= {prefix + end for prefix in table.prefixes for end in ENDS}
    return sorted(found - FIELDS)


def fields_of(span: Span) -> str:
    facts = MAPPING.facts(span)
    return f"{facts.session_id} {facts.event_name} {facts.claimed_event_id}"


def lost(spoken: dict[str, AnyValue], keys: list[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        for name, value in () if key in spoken else VALUES.items():
            attributes = {**spoken, key: value}
            span = Span(b"t" * 16, b"s" * 8, b"p" * 8, "n", 1, 1, 2, attributes, 0, "", Origin({}))
            event = MAPPING.event(span)
            buckets = event.inputs, event.outputs, event.config, event.metadata, event.metrics
            rest = event.feedback, event.user_properties, event.error, event.source
            told = orjson.dumps([*buckets, *rest]).decode()
            if CANARY not in told and CANARY not in fields_of(span):
                yield key, name


@pytest.mark.parametrize("spoken", SPOKEN, ids=str)
def test_no_value_of_a_known_key_is_nowhere(spoken: dict[str, AnyValue]) -> None:
    """Each key alone, and beside the marks of its own convention; bare names beside all marks."""
    known = known_keys()
    own = {key.partition(".")[0] for key in spoken}
    keys = [k for k in known if not spoken or "." not in k or k.partition(".")[0] in own]

    assert len(known) > 500
    assert list(lost(spoken, keys)) == []
    assert not MAPPING.failures
