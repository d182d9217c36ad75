"""OpenTelemetry's GenAI conventions, from ``gen_ai.prompt.N`` to ``gen_ai.input.messages``.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from collections.abc import Iterable, Iterator

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.paths import nested
from hh_core.domain.rules import Fallback, Kind
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.messages import Message, answer, chat_history, tool_call
from hh_mappers.placing import give, give_all, numbered
from hh_mappers.reading import integer, name, number, plain, structured, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens, under

_MARKS = frozenset(
    {
        "gen_ai.operation.name",
        "gen_ai.system",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.conversation.id",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.prompt.0.content",
        "gen_ai.completion.0.content",
        "gen_ai.tool.name",
        "gen_ai.agent.name",
    }
)
_OPERATIONS = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "embeddings": "model",
    "invoke_agent": "chain",
    "create_agent": "chain",
    "invoke_workflow": "chain",
    "execute_tool": "tool",
    "retrieval": "tool",
}
_ASKING = ("gen_ai.request.model", "gen_ai.response.model", "gen_ai.usage.input_tokens")
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_DETAILS = "gen_ai.client.inference.operation.details"

_PROMPT = tokens("prompt_tokens", integer)
_COMPLETION = tokens("completion_tokens", integer)
_CACHE_READ = tokens("cache_read_tokens", integer)
_CACHE_WRITE = tokens("cache_write_tokens", integer)
_REASONING = tokens("reasoning_tokens", integer)
_ROUTES = Routes(
    {
        "gen_ai.request.model": Route(text, "config.model", fact="model"),
        "gen_ai.response.model": Route(text, "metadata.response_model"),
        "gen_ai.provider.name": Route(name, "config.provider", fact="provider"),
        "gen_ai.system": Route(name, "config.provider", fact="provider"),
        "gen_ai.response.id": Route(text, "metadata.response_id", fact="response_id"),
        "gen_ai.conversation.id": Route(text, "metadata.conversation_id", fact="session_id"),
        "gen_ai.tool.name": Route(text, "metadata.tool_name"),
        "gen_ai.tool.call.id": Route(text, "metadata.tool_call_id"),
        "gen_ai.agent.name": Route(text, "metadata.agent_name"),
        "gen_ai.usage.input_tokens": _PROMPT,
        "gen_ai.usage.prompt_tokens": _PROMPT,
        "gen_ai.usage.output_tokens": _COMPLETION,
        "gen_ai.usage.completion_tokens": _COMPLETION,
        "gen_ai.usage.total_tokens": tokens("total_tokens", integer),
        "gen_ai.usage.cache_read.input_tokens": _CACHE_READ,
        "gen_ai.usage.cache_read_input_tokens": _CACHE_READ,
        "gen_ai.usage.cache_write.input_tokens": _CACHE_WRITE,
        "gen_ai.usage.cache_write_input_tokens": _CACHE_WRITE,
        "gen_ai.usage.cache_creation.input_tokens": _CACHE_WRITE,
        "gen_ai.usage.cache_creation_input_tokens": _CACHE_WRITE,
        "gen_ai.usage.reasoning_tokens": _REASONING,
        "gen_ai.usage.reasoning.output_tokens": _REASONING,
        "gen_ai.usage.details.reasoning_tokens": _REASONING,
        "gen_ai.usage.cost": Route(number, "metadata.cost"),
        "gen_ai.cost.total_cost": Route(number, "metadata.cost"),
        "operation.cost": Route(number, "metadata.cost"),
        "gen_ai.response.finish_reasons": Route(plain, "metadata.finish_reasons"),
        "gen_ai.input.messages": LARGE,
        "gen_ai.output.messages": LARGE,
        "gen_ai.system_instructions": LARGE,
        "gen_ai.tool.definitions": LARGE,
        "gen_ai.tool.call.arguments": LARGE,
        "gen_ai.tool.call.result": LARGE,
        "gen_ai.retrieval.query.text": LARGE,
        "gen_ai.retrieval.documents": LARGE,
        "gen_ai.prompt": LARGE,
        "gen_ai.completion": LARGE,
    },
    {
        "gen_ai.request.": under("config", plain),
        "gen_ai.prompt.": large,
        "gen_ai.completion.": large,
    },
)


_MODEL_OF_THE_ANSWER = Fallback("model", "model", "metadata.response_model", "config.model")
"""Where nothing tells which model was asked."""


class GenAi(Prepared):
    name = "genai"
    rank = 50

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        return _ROUTES.rules(keys, kinds=(_kind(keys),), fallbacks=(_MODEL_OF_THE_ANSWER,))

    def content(self, span: Span, content: Content) -> None:
        system = chat_history(span.attributes.get("gen_ai.system_instructions"), role="system")
        for origin, asked in _asked(span):
            give(content.inputs, "chat_history", system + asked, origin=origin)
            system = []
        if system:
            give(content.inputs, "chat_history", system, origin="gen_ai.system_instructions")
        for origin, said in _said(span):
            _give_answer(content, answer(said), span.attributes, origin)
        _tools(span.attributes, content)


def _kind(keys: Keys) -> Kind:
    if "gen_ai.tool.name" in keys and "gen_ai.request.model" not in keys:
        otherwise = "tool"
    else:
        otherwise = "model" if any(key in keys for key in _ASKING) else ""
    return Kind("gen_ai.operation.name", tuple(_OPERATIONS.items()), otherwise)


def _asked(span: Span) -> Iterator[tuple[str, list[Message]]]:
    """What the model was asked, by each convention that the span speaks, the newest first."""
    attributes = span.attributes
    yield from _told(attributes, "gen_ai.input.messages", role="user")
    yield from _present("gen_ai.prompt.N", _numbered(attributes, "gen_ai.prompt.", role="user"))
    yield from _present("span_events.input", _details(span, "input"))
    yield from _present("span_events", _from_events(span))
    yield from _told(attributes, "gen_ai.prompt", role="user")


def _said(span: Span) -> Iterator[tuple[str, list[Message]]]:
    attributes = span.attributes
    yield from _told(attributes, "gen_ai.output.messages", role="assistant")
    numbered = _numbered(attributes, "gen_ai.completion.", role="assistant")
    yield from _present("gen_ai.completion.N", numbered)
    yield from _present("span_events.output", _details(span, "output"))
    yield from _present("span_events", _choices(span))
    yield from _told(attributes, "gen_ai.completion", role="assistant")


def _told(attributes: Attributes, key: str, *, role: str) -> Iterator[tuple[str, list[Message]]]:
    if key in attributes:
        yield from _present(key, chat_history(attributes[key], role=role))


def _present(origin: str, found: Iterable[Message]) -> Iterator[tuple[str, list[Message]]]:
    messages = list(found)
    if messages:
        yield origin, messages


def _choices(span: Span) -> Iterator[Message]:
    for event in span.events:
        if event.name == "gen_ai.choice":
            body = event.attributes.get("message") or event.attributes
            yield from chat_history(body, role="assistant")


def _details(span: Span, side: str) -> Iterator[Message]:
    """Messages that stand on a span event: the details event, or ``gen_ai.content.*``."""
    role, word = ("user", "prompt") if side == "input" else ("assistant", "completion")
    for event in span.events:
        if event.name == _DETAILS:
            if side == "input":
                system = event.attributes.get("gen_ai.system_instructions")
                yield from chat_history(system, role="system")
            yield from chat_history(event.attributes.get(f"gen_ai.{side}.messages"), role=role)
        elif event.name == f"gen_ai.content.{word}":
            yield from chat_history(event.attributes.get(f"gen_ai.{word}"), role=role)


def _from_events(span: Span) -> Iterator[Message]:
    for event in span.events:
        role = _EVENT_ROLES.get(event.name)
        if role is not None:
            body = {key: value for key, value in event.attributes.items() if "." not in key}
            yield from chat_history(body, role=role)


def _numbered(attributes: Attributes, prefix: str, *, role: str) -> list[Message]:
    """Messages of ``prefix.<i>.role``, ``.content``, ``.tool_calls.<j>.name``, …"""
    found = nested(("n." + key, plain(value)) for key, value in numbered(attributes, prefix))
    items = found.get("n")
    if isinstance(items, dict):
        items = [items[key] for key in sorted(items, key=lambda key: (len(key), key))]
    return [_flat_message(item, role) for item in items or () if isinstance(item, dict)]


def _flat_message(item: dict[str, Json], role: str) -> Message:
    message: Message = {"role": role, "content": None, **item}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [
            tool_call(call.get("id"), call.get("name"), call.get("arguments"))
            if isinstance(call, dict)
            else call
            for call in calls
        ]
    return message


def _give_answer(content: Content, said: Message, attributes: Attributes, origin: str) -> None:
    reasons = structured(attributes.get("gen_ai.response.finish_reasons"))
    if isinstance(reasons, list) and reasons:
        said.setdefault("finish_reason", reasons[0])
    outputs = content.outputs
    if "role" not in outputs:
        give_all(outputs, said, "content", origin=origin)
    elif not said.items() <= outputs.items():
        give(outputs, origin, said, origin=origin + "'")


def _tools(attributes: Attributes, content: Content) -> None:
    """What tools offer, are asked and answer; queries and documents of a retrieval."""
    inputs, outputs = content.inputs, content.outputs
    for key, bucket, place in (
        ("gen_ai.tool.definitions", inputs, "tools"),
        ("gen_ai.tool.call.result", outputs, "result"),
        ("gen_ai.retrieval.query.text", inputs, "query"),
        ("gen_ai.retrieval.documents", outputs, "documents"),
    ):
        if key in attributes:
            give(bucket, place, unpacked(attributes[key]), origin=key)
    key = "gen_ai.tool.call.arguments"
    if key in attributes:
        give_all(inputs, unpacked(attributes[key]), "arguments", origin=key)
    variables = dict(numbered(attributes, "gen_ai.prompt.variable."))
    if variables:
        give(inputs, "variables", variables, origin="gen_ai.prompt.variable")
