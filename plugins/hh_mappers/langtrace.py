"""Langtrace: ``langtrace.service.*``, with its first ``llm.*`` or, later, OTel's ``gen_ai.*``.

https://github.com/Scale3-Labs/langtrace-trace-attributes
"""

from hh_core.domain.span import AnyValue, Attributes, Keys
from hh_mappers.reading import name, plain, text, unquoted
from hh_mappers.routes import LARGE, Route, Routes
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
_INPUTS = (
    *("llm.prompts", "llm.retrieval.query", "gen_ai.request.embedding_inputs"),
    *(f"{framework}.inputs" for framework in _FRAMEWORKS),
    "dspy.signature.args",
)
_OUTPUTS = (
    *("llm.responses", "llm.retrieval.results"),
    *(f"{framework}.outputs" for framework in _FRAMEWORKS),
    "dspy.signature.result",
)
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
        **dict.fromkeys((*_INPUTS, *_OUTPUTS, *_OFFERED), LARGE),
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
        """A text that is quoted as JSON, as frameworks' results are."""
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        return found

    def routes_of(self, keys: Keys) -> Routes:
        return _SERVED if "llm.api" in keys or "llm.model" in keys else _ROUTES

    def kind_of(self, attributes: Attributes) -> str:
        is_embedding = "embed" in str(attributes.get("gen_ai.operation.name", ""))
        return EMBEDDING if is_embedding else super().kind_of(attributes)
