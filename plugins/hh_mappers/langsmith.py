"""LangSmith: ``langsmith.*``, and LangChain's own objects in ``gen_ai.prompt`` and ``.completion``.

https://docs.smith.langchain.com/observability/how_to_guides/trace_with_opentelemetry
"""

from dataclasses import replace
from functools import partial

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.rules import Document, Glance, Rules
from hh_core.domain.span import AnyValue, Keys
from hh_mappers.dialects import chat, is_chat, unsaid
from hh_mappers.leftovers import leave
from hh_mappers.literals import structure
from hh_mappers.placing import give
from hh_mappers.reading import name, number, plain, text
from hh_mappers.response_ids import response_id
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.usage import details, usage_document
from hh_mappers.whole import EMBEDDING, Whole

_METADATA = "langsmith.metadata."

_KINDS = {
    "llm": "model",
    "chat_model": "model",
    "embedding": EMBEDDING,
    "chain": "chain",
    "prompt": "chain",
    "parser": "chain",
    "tool": "tool",
    "retriever": "tool",
}
_OFFERED = {_METADATA + "tool_choice": "tool_choice"}
_CALL = frozenset({"gen_ai.request.model", _METADATA + "ls_model_name"})
"""Chains have their calls' answers in their own output; only the call itself names a model."""
_ANSWER = Glance("gen_ai.completion", response_id, "response_id", "metadata.response_id")
_SIDES = (("input", partial(details, "prompt")), ("output", partial(details, "completion")))

_ROUTES = Routes(
    {
        _METADATA + "session_id": Route(text, fact="session_id"),
        _METADATA + "thread_id": Route(text, fact="session_id"),
        _METADATA + "conversation_id": Route(text, fact="session_id"),
        _METADATA + "user_id": Route(text, "user_properties.user_id"),
        _METADATA + "ls_model_name": Route(text, "config.model", fact="model"),
        _METADATA + "ls_provider": Route(name, "config.provider", fact="provider"),
        _METADATA + "ls_temperature": Route(number, "config.temperature"),
        _METADATA + "ls_max_tokens": Route(plain, "config.max_tokens"),
        _METADATA + "ls_stop": Route(plain, "config.stop"),
        _METADATA + "tool_choice": LARGE,
        "gen_ai.prompt": LARGE,
        "gen_ai.completion": LARGE,
    },
    {},
)


class LangSmith(Whole):
    """``gen_ai.operation.name`` says ``chat`` of prompt templates too; only the span's kind tells.

    ``langsmith.trace.session_name`` and ``.session_id`` are LangSmith's project, no session.
    """

    name = "langsmith"
    rank = 22
    kind = "langsmith.span.kind"
    kinds = _KINDS
    marks = frozenset({kind})
    routes = _ROUTES
    documents = (
        usage_document(_METADATA + "usage_metadata"),
        *(
            Document(f"gen_ai.usage.{side}_token_details", "metadata", read, is_usage=True)
            for side, read in _SIDES
        ),
    )
    inputs = ("gen_ai.prompt",)
    outputs = ("gen_ai.completion",)
    offered = _OFFERED

    def prepare(self, keys: Keys) -> Step | None:
        rules = super().prepare(keys)
        is_call = _ANSWER.key in keys and not _CALL.isdisjoint(keys)
        if not is_call or not isinstance(rules, Rules):
            return rules
        return replace(rules, glances=(_ANSWER,))

    def give_output(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        found = structure(value)
        told = found.get("output") if isinstance(found, dict) and len(found) == 1 else None
        if kind == "tool" and isinstance(told, dict) and is_chat(told):
            _give_tools_answer(content, told, key)
        elif found != {}:  # what LangSmith writes for no output
            super().give_output(content, kind, key, value)


def _give_tools_answer(content: Content, message: dict[str, Json], origin: str) -> None:
    """What a tool answered, out of the message that tells the model of it."""
    said = chat(message, role="tool")[0]
    give(content.outputs, "output", said.get("content"), origin=origin)
    leave(content, origin, unsaid(message))
