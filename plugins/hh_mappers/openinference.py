"""OpenInference (Arize): ``openinference.span.kind``, ``llm.*``, ``input.value``, …

https://github.com/Arize-ai/openinference/tree/main/spec
"""

from collections.abc import Mapping

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.paths import nested
from hh_core.domain.rules import Document, Kind
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.messages import Message, answer, tool_call
from hh_mappers.placing import give, give_all, numbered
from hh_mappers.reading import integer, name, number, plain, structured, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens

_KIND = "openinference.span.kind"
_MARKS = frozenset({_KIND, "llm.model_name", "input.value", "output.value"})
_KINDS = {
    "LLM": "model",
    "CHAIN": "chain",
    "AGENT": "chain",
    "TOOL": "tool",
    "RETRIEVER": "tool",
    "EMBEDDING": "tool",
    "RERANKER": "tool",
    "GUARDRAIL": "tool",
    "EVALUATOR": "tool",
    "PROMPT": "chain",
}
_PARAMETERS = ("llm.invocation_parameters", "embedding.invocation_parameters")
_OFFERED = frozenset({"tools", "functions", "response_format"})
"""Parameters that are documents: inputs, not settings."""
_DOCUMENTS = (
    Document("metadata", "metadata", structured),
    *(Document(key, "config", structured, _OFFERED) for key in _PARAMETERS),
)

_ROUTES = Routes(
    {
        "llm.model_name": Route(text, "config.model", fact="model"),
        "llm.request.model_name": Route(text, "config.model", fact="model"),
        "llm.response.model_name": Route(text, "metadata.response_model"),
        "embedding.model_name": Route(text, "config.model", fact="model"),
        "llm.provider": Route(name, "config.provider", fact="provider"),
        "llm.system": Route(name, "config.provider", fact="provider"),
        "llm.token_count.prompt": tokens("prompt_tokens", integer),
        "llm.token_count.completion": tokens("completion_tokens", integer),
        "llm.token_count.total": tokens("total_tokens", integer),
        "llm.token_count.prompt_details.cache_read": tokens("cache_read_tokens", integer),
        "llm.token_count.prompt_details.cache_write": tokens("cache_write_tokens", integer),
        "llm.token_count.prompt_details.audio": tokens("prompt_audio_tokens", integer),
        "llm.token_count.completion_details.reasoning": tokens("reasoning_tokens", integer),
        "llm.token_count.completion_details.audio": tokens("completion_audio_tokens", integer),
        "llm.cost": Route(number, "metadata.cost"),
        "llm.cost.total": Route(number, "metadata.cost"),
        "tool.name": Route(text, "metadata.tool_name"),
        "tool.call_id": Route(text, "metadata.tool_call_id"),
        "tool_call.id": Route(text, "metadata.tool_call_id"),
        "agent.name": Route(text, "metadata.agent_name"),
        "input.value": LARGE,
        "input.mime_type": LARGE,
        "output.value": LARGE,
        "output.mime_type": LARGE,
        "llm.finish_reason": Route(plain, "metadata.finish_reason"),
        "tool.parameters": LARGE,
    },
    {
        "llm.input_messages.": large,
        "llm.output_messages.": large,
        "llm.prompts.": large,
        "llm.choices.": large,
        "llm.tools.": large,
        "llm.prompt_template.": large,
        "retrieval.documents.": large,
        "reranker.input_documents.": large,
        "reranker.output_documents.": large,
        "embedding.embeddings.": large,
    },
)


class OpenInference(Prepared):
    name = "openinference"
    rank = 40

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        return _ROUTES.rules(
            keys,
            kinds=(Kind(_KIND, tuple(_KINDS.items())),) if _KIND in keys else (),
            documents=tuple(document for document in _DOCUMENTS if document.key in keys),
        )

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        asked = _messages(attributes, "llm.input_messages.", role="user")
        if asked:
            give(content.inputs, "chat_history", asked, origin="llm.input_messages")
        said = answer(_messages(attributes, "llm.output_messages.", role="assistant"))
        if said:
            if "llm.finish_reason" in attributes:
                said.setdefault("finish_reason", plain(attributes["llm.finish_reason"]))
            give_all(content.outputs, said, "content", origin="llm.output_messages")
        _values(attributes, content, is_chat=(bool(asked), bool(said)))
        _tables(attributes, content)
        for key in _PARAMETERS:
            _documents(attributes, key, content)


def _documents(attributes: Attributes, key: str, content: Content) -> None:
    found = structured(attributes.get(key))
    if isinstance(found, Mapping):
        for name in _OFFERED & found.keys():
            give(content.inputs, name, found[name], origin=f"{key}.{name}")


def _values(attributes: Attributes, content: Content, *, is_chat: tuple[bool, bool]) -> None:
    """``input.value`` and ``output.value``: the whole request and answer of a chat, else all."""
    for side, bucket, chat in (
        ("input", content.inputs, is_chat[0]),
        ("output", content.outputs, is_chat[1]),
    ):
        key = f"{side}.value"
        if key not in attributes:
            continue
        value = unpacked(attributes[key])
        if chat:
            give(bucket, "raw", value, origin=key)
        else:
            give_all(bucket, value, side, origin=key)


def _tables(attributes: Attributes, content: Content) -> None:
    """Numbered families that are no messages, as lists."""
    inputs, outputs = content.inputs, content.outputs
    for prefix, bucket, place in (
        ("llm.tools.", inputs, "tools"),
        ("llm.prompts.", inputs, "prompts"),
        ("llm.choices.", outputs, "choices"),
        ("llm.prompt_template.", inputs, "prompt_template"),
        ("retrieval.documents.", outputs, "documents"),
        ("reranker.input_documents.", inputs, "documents"),
        ("reranker.output_documents.", outputs, "documents"),
        ("embedding.embeddings.", inputs, "embeddings"),
    ):
        pairs = numbered(attributes, prefix)
        if pairs:
            table = nested(("n." + key, unpacked(value)) for key, value in pairs)["n"]
            give(bucket, place, table, origin=prefix[:-1])
    if "tool.parameters" in attributes:
        value = unpacked(attributes["tool.parameters"])
        give(inputs, "parameters", value, origin="tool.parameters")


def _messages(attributes: Attributes, prefix: str, *, role: str) -> list[Message]:
    pairs = numbered(attributes, prefix)
    if not pairs:
        return []
    items = nested(("n." + key, plain(value)) for key, value in pairs)["n"]
    if isinstance(items, dict):
        items = [items[key] for key in sorted(items, key=lambda key: (len(key), key))]
    return [_message(item, role) for item in items]


def _message(item: Json, role: str) -> Message:
    found = item.get("message") if isinstance(item, dict) else item
    if not isinstance(found, dict):
        return {"role": role, "content": item}
    message: Message = {"role": role, "content": None, **found}
    parts = message.pop("contents", None)
    calls = [_call(call) for call in _listed(message.pop("tool_calls", None))]
    if parts is not None:
        calls += [_call(part) for part in _listed(parts) if _has_call(part) and not calls]
        _set_content(message, [part for part in _listed(parts) if not _has_call(part)])
    if calls:
        message["tool_calls"] = calls
    return message


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _has_call(part: Json) -> bool:
    return isinstance(part, dict) and "tool_call" in part


def _call(item: Json) -> Json:
    call = item.get("tool_call") if isinstance(item, dict) else None
    if not isinstance(call, dict):
        return item
    function = call.get("function")
    asked = function if isinstance(function, dict) else {}
    return tool_call(call.get("id"), asked.get("name"), asked.get("arguments", "{}"))


def _set_content(message: Message, parts: list[Json]) -> None:
    """Parts as one text if all are text, else as the list of them."""
    inner = [p.get("message_content", p) if isinstance(p, dict) else p for p in parts]
    texts = [p.get("text") if isinstance(p, dict) and len(p) <= 2 else None for p in inner]
    said = [text for text in texts if isinstance(text, str)]
    if inner and len(said) == len(inner):
        inner = ["\n".join(said)]
    if inner and message.get("content") is None:
        message["content"] = inner[0] if isinstance(inner[0], str) else inner
    elif inner and inner != [message["content"]]:
        message["parts"] = inner
