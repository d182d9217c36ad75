"""Langtrace: ``langtrace.service.*``, with its first ``llm.*`` or, later, OTel's ``gen_ai.*``.

https://github.com/Scale3-Labs/langtrace-trace-attributes
"""

from collections.abc import Mapping

from hh_core.domain.event import Content, Json
from hh_core.domain.span import AnyValue, Attributes, Keys, Span
from hh_mappers.genai_content import asked, said, with_instructions
from hh_mappers.messages import Message, chat_history
from hh_mappers.reading import name, plain, text, unpacked, unquoted
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.tool_calls import listed_calls
from hh_mappers.usage import usage_document
from hh_mappers.whole import EMBEDDING, Whole

_TYPE = "langtrace.service.type"
_KINDS = {
    "llm": "model",
    "framework": "chain",
    "vectordb": "tool",
    "user": "chain",
}
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "stream": "stream",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "encoding.format": "encoding_format",
    "dimensions": "dimensions",
}
_FRAMEWORKS = ("langchain", "llamaindex", "langgraph", "crewai", "dspy", "autogen")
_OFFERED = {
    "llm.tools": "tools",
    "llm.function.prompts": "tools",
    "gen_ai.request.tools": "tools",
    "gen_ai.request.tool_choice": "tool_choice",
    "gen_ai.request.response_format": "response_format",
}
_EMBEDDED = "gen_ai.request.embedding_inputs"
_INPUTS = (
    *("llm.prompts", "llm.retrieval.query", _EMBEDDED),
    *(f"{framework}.inputs" for framework in _FRAMEWORKS),
    "dspy.signature.args",
)
_OUTPUTS = (
    *("llm.responses", "llm.retrieval.results"),
    *(f"{framework}.outputs" for framework in _FRAMEWORKS),
    "dspy.signature.result",
)
_CALLED = "gen_ai.request.tool_results"
"""The tools that Anthropic's and Cohere's models call, though it is named for what those answer."""
_INSTRUCTIONS = "instructions"
_PROMPT = "gen_ai.content.prompt"
_ROUTES = Routes(
    {
        "llm.model": Route(text, "config.model", fact="model"),
        "llm.response_id": Route(text, "metadata.response_id", fact="response_id"),
        "llm.generation_id": Route(text, "metadata.response_id", fact="response_id"),
        "gen_ai.response_id": Route(text, "metadata.response_id", fact="response_id"),
        "llm.conversation_id": Route(text, fact="session_id"),
        "llm.user": Route(text, "user_properties.user_id"),
        "gen_ai.user": Route(text, "user_properties.user_id"),
        **{f"llm.{key}": Route(plain, f"config.{place}") for key, place in _PARAMETERS.items()},
        **dict.fromkeys((*_INPUTS, *_OUTPUTS, *_OFFERED, _CALLED, _INSTRUCTIONS), LARGE),
    },
    {},
)
_SERVED = Routes(
    {key: route for key in _ROUTES if (route := _ROUTES[key]) is not None}
    | {"langtrace.service.name": Route(name, "config.provider", fact="provider")},
    {},
)
"""Before ``gen_ai.system``, only the service's name told the provider of a model."""


class Langtrace(Whole):
    name = "langtrace"
    rank = 29
    kind = _TYPE
    kinds = _KINDS
    marks = frozenset({_TYPE, "langtrace.service.name", "langtrace.sdk.name"})
    routes = _ROUTES
    documents = (usage_document("llm.token.counts"),)
    inputs = _INPUTS
    outputs = _OUTPUTS
    offered = _OFFERED

    def opened(self, value: AnyValue) -> AnyValue:
        """A text that is quoted as JSON, as frameworks' results are; a list out of its list."""
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        if isinstance(found, str) and found.startswith("[["):
            inner = unpacked(found)
            return inner[0] if isinstance(inner, list) and len(inner) == 1 else found
        return found

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        system = chat_history(attributes.get(_INSTRUCTIONS), role="system")
        is_embedding = self.kind_of(attributes) == EMBEDDING
        for event in span.events:
            if event.name == _PROMPT and not is_embedding:
                told = chat_history(event.attributes.get("gen_ai.prompt"), role="user")
                history = with_instructions(system, _system_first(told))
                asked(content, history, origin="", operation=None)
        if not is_embedding or _EMBEDDED in attributes:
            content.used.add(_PROMPT)
        if system and not content.inputs:
            asked(content, system, origin=_INSTRUCTIONS, operation=None)
        if calls := _calls(attributes.get(_CALLED)):
            message: Message = {"role": "assistant", "content": None, "tool_calls": calls}
            said(content, [message], origin=_CALLED)
        super().content(span, content)
        tools = content.config.get("tools")
        if isinstance(tools, list):  # texts of JSON, each a list of tools
            found = [unpacked(tool) for tool in tools]
            lists = (item if isinstance(item, list) else [item] for item in found)
            content.config["tools"] = [tool for one in lists for tool in one]

    def routes_of(self, keys: Keys) -> Routes:
        return _SERVED if "llm.api" in keys or "llm.model" in keys else _ROUTES

    def kind_of(self, attributes: Attributes) -> str:
        is_embedding = "embed" in str(attributes.get("gen_ai.operation.name", ""))
        return EMBEDDING if is_embedding else super().kind_of(attributes)


def _system_first(messages: list[Message]) -> list[Message]:
    """Anthropic's ``system`` comes after the messages: its instrumentation appends it."""
    if len(messages) > 1 and messages[-1]["role"] == "system" != messages[0]["role"]:
        return [messages[-1], *messages[:-1]]
    return messages


def _calls(value: AnyValue) -> list[Json]:
    """The calls that a text holds, quoted as JSON or not; nothing if they are answers."""
    found = unpacked(unquoted(value) if str(value)[:1] == '"' else value)
    items = [found] if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not items:
        return []
    is_calls = all(isinstance(item, Mapping) and "name" in item for item in items)
    return listed_calls(items) if is_calls else []
