"""The Vercel AI SDK: ``ai.*``, beside some of OTel's ``gen_ai.*``.

https://ai-sdk.dev/docs/ai-sdk-core/telemetry. ``ai.generateText`` is a chain that repeats the
usage of its ``ai.generateText.doGenerate``, which is the call. Versions 3 and 4 wrote ``ai.result``
and ``promptTokens`` where later ones write ``ai.response`` and ``inputTokens``.
"""

from dataclasses import replace

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.paths import json_value
from hh_core.domain.rules import Glance, Kind
from hh_core.domain.span import AnyValue, Attributes, Keys, Span
from hh_mappers.bodies import give_arguments, give_request, give_result
from hh_mappers.dialects import chat
from hh_mappers.genai_content import said
from hh_mappers.placing import offer, spare
from hh_mappers.reading import dumped, integer, number, plain, structured, text, unpacked, unquoted
from hh_mappers.routes import LARGE, Prepared, Route, Routes, tokens, under
from hh_mappers.whole import own

_OPERATION = "ai.operationId"
_CALLS = (
    *("generateText", "streamText", "generateObject", "streamObject"),
    *("embed", "embedMany", "rerank"),
)
_TYPES = (
    *((f"ai.{call}", "chain") for call in _CALLS),
    *((f"ai.{call}.{do}", "model") for call in _CALLS for do in ("doGenerate", "doStream")),
    *((f"ai.{call}.doEmbed", "model") for call in _CALLS),
    ("ai.rerank.doRerank", "model"),
    ("ai.toolCall", "tool"),
)
_ASKED = ("ai.prompt.messages", "ai.prompt")
_EMBEDDED = ("ai.values", "ai.value")
_PROMPT = tokens("prompt_tokens", integer)
_COMPLETION = tokens("completion_tokens", integer)
_CACHE_READ = tokens("cache_read_tokens", integer)
_CACHE_WRITE = tokens("cache_write_tokens", integer)
_REASONING = tokens("reasoning_tokens", integer)


def provider(value: AnyValue) -> str | None:
    """``openai`` of ``openai.chat``: the SDK names a provider's API after a dot."""
    return value.lower().partition(".")[0] or None if type(value) is str else None


_PROVIDER = Glance("ai.model.provider", provider, "provider", "config.provider")
"""Outer spans, and those of other exporters, have no ``gen_ai.system``."""
_ROUTES = Routes(
    {
        "gen_ai.system": Route(provider, "config.provider", fact="provider"),
        "ai.model.id": Route(text, "config.model", fact="model"),
        "ai.response.model": Route(text, "metadata.response_model"),
        "ai.response.id": Route(text, "metadata.response_id", fact="response_id"),
        "ai.telemetry.metadata.sessionId": Route(text, fact="session_id"),
        "ai.telemetry.metadata.session_id": Route(text, fact="session_id"),
        "ai.telemetry.metadata.threadId": Route(text, fact="session_id"),
        "ai.telemetry.metadata.userId": Route(text, "user_properties.user_id"),
        "ai.usage.inputTokens": _PROMPT,
        "ai.usage.promptTokens": _PROMPT,
        "ai.usage.tokens": _PROMPT,
        "ai.usage.outputTokens": _COMPLETION,
        "ai.usage.completionTokens": _COMPLETION,
        "ai.usage.inputTokenDetails.noCacheTokens": tokens("uncached_prompt_tokens", integer),
        "ai.usage.outputTokenDetails.textTokens": tokens("visible_completion_tokens", integer),
        "ai.usage.totalTokens": tokens("total_tokens", integer),
        "ai.usage.cachedInputTokens": _CACHE_READ,
        "ai.usage.inputTokenDetails.cacheReadTokens": _CACHE_READ,
        "ai.usage.inputTokenDetails.cacheWriteTokens": _CACHE_WRITE,
        "ai.usage.reasoningTokens": _REASONING,
        "ai.usage.outputTokenDetails.reasoningTokens": _REASONING,
        "ai.response.msToFirstChunk": Route(number, "metrics.time_to_first_chunk_ms"),
        "ai.toolCall.name": Route(text, "metadata.tool_name"),
        "ai.toolCall.id": Route(text, "metadata.tool_call_id"),
        **dict.fromkeys((*_ASKED, *_EMBEDDED, "ai.prompt.tools", "ai.prompt.toolChoice"), LARGE),
        **dict.fromkeys(("ai.schema", "ai.toolCall.args", "ai.toolCall.result"), LARGE),
        **dict.fromkeys(("ai.embedding", "ai.embeddings", "ai.documents", "ai.ranking"), LARGE),
        **{
            f"ai.{word}.{part}": LARGE
            for word in ("response", "result")
            for part in ("text", "object", "toolCalls", "reasoning", "files")
        },
    },
    {
        "ai.settings.": under("config", plain),
        "ai.telemetry.metadata.": own("metadata", plain),
    },
)


class VercelAi(Prepared):
    name = "vercel_ai"
    rank = 24

    def prepare(self, keys: Keys) -> Step | None:
        if _OPERATION not in keys:
            return None
        rules = _ROUTES.rules(keys, kinds=(Kind(_OPERATION, _TYPES),))
        return replace(rules, glances=(_PROVIDER,)) if _PROVIDER.key in keys else rules

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        _ask(attributes, content)
        _answer(attributes, content)
        for key, place in (
            ("ai.prompt.toolChoice", "tool_choice"),
            ("ai.schema", "response_format"),
        ):
            if key in attributes:
                offer(content, "config", place, unpacked(attributes[key]), origin=key)
        if "ai.prompt.tools" in attributes:
            tools = [unpacked(tool) for tool in _items(attributes["ai.prompt.tools"])]
            offer(content, "config", "tools", tools, origin="ai.prompt.tools")


def _ask(attributes: Attributes, content: Content) -> None:
    key = next((key for key in _ASKED if key in attributes), None)
    if key is not None:
        give_request(content, attributes[key], origin=key)
    if "ai.toolCall.args" in attributes:
        value = unquoted(attributes["ai.toolCall.args"])
        give_arguments(content, value, origin="ai.toolCall.args")
    for key in _EMBEDDED:
        if key in attributes:
            texts = [unquoted(item) for item in _items(attributes[key])]
            value = texts if key == "ai.values" else texts[0] if texts else None
            give_request(content, value, origin=key, is_embedding=True)
    if "ai.documents" in attributes:
        documents = [unpacked(item) for item in _items(attributes["ai.documents"])]
        offer(content, "inputs", "documents", documents, origin="ai.documents")


def _answer(attributes: Attributes, content: Content) -> None:
    told = {
        part: attributes[key]
        for part in ("text", "object", "toolCalls", "reasoning", "files")
        for key in (f"ai.result.{part}", f"ai.response.{part}")
        if attributes.get(key) not in (None, "")
    }
    if told:
        reason = attributes.get("ai.response.finishReason", attributes.get("ai.finishReason"))
        message = _message(told)
        for part in ("toolCalls", "files"):
            if part in told and structured(told[part]) is None:
                spare(content, f"ai.response.{part}", json_value(told[part]))
        said(content, chat([message], role="assistant"), origin="ai.response", reasons=[reason])
    if "ai.toolCall.result" in attributes:
        value = unquoted(attributes["ai.toolCall.result"])
        give_result(content, value, origin="ai.toolCall.result")
    for key in ("ai.embedding", "ai.embeddings", "ai.ranking"):
        if key in attributes:
            value = [unpacked(item) for item in _items(attributes[key])]
            offer(content, "outputs", key.removeprefix("ai."), value, origin=key)


def _message(told: dict[str, AnyValue]) -> dict[str, Json]:
    """One message of all that the model answered: text, a structure, calls, thoughts, files."""
    text = told.get("text", told.get("object"))
    files = structured(told.get("files"))
    parts: list[Json] = [{"type": "text", "text": dumped(json_value(text))}] if text else []
    parts += files if isinstance(files, list) else [files] if files else []
    message: dict[str, Json] = {"role": "assistant", "content": parts or None}
    calls = structured(told.get("toolCalls"))
    if calls:
        message["tool_calls"] = calls
    if "reasoning" in told:
        message["reasoning"] = plain(told["reasoning"])
    return message


def _items(value: AnyValue) -> list[Json]:
    """A list of JSON texts, or JSON text of a list."""
    found = structured(value)
    return found if isinstance(found, list) else [json_value(value)]
