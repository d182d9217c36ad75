"""LiteLLM: ``litellm_request`` with OTel's ``gen_ai.*``, ``raw_gen_ai_request`` with ``llm.<p>.*``.

Both spans tell of one call. The raw one has the provider's own request and answer, lists and
objects as Python's ``repr``: https://docs.litellm.ai/docs/observability/opentelemetry_integration
"""

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.rules import Document, Kind
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.bodies import give_answer, give_request
from hh_mappers.literals import structure
from hh_mappers.reading import plain, text
from hh_mappers.routes import LARGE, Prepared, Route, Routes
from hh_mappers.usage import usage_document

_MARKS = frozenset({"litellm.call_id", "hidden_params", "metadata.usage_object"})
_CALLS = (
    *("completion", "text_completion", "embedding", "responses", "anthropic_messages", "chat"),
    *("image_generation", "speech", "transcription", "moderation", "rerank", "generate_content"),
)
_TYPES = tuple((start + call, "model") for call in _CALLS for start in ("", "a"))
_SESSION = Route(text, fact="session_id")
_ROUTES = Routes(
    {
        "metadata.litellm_session_id": _SESSION,
        "metadata.session_id": _SESSION,
        "metadata.user_api_key_end_user_id": Route(text, "user_properties.user_id"),
    },
    {},
)

_FOREIGN = frozenset(
    {
        *("input_messages", "output_messages", "token_count", "prompts", "choices", "tools"),
        *("request", "response", "usage", "cost", "prompt_template", "invocation_parameters"),
    }
)
"""What stands between ``llm.`` and another dot in other conventions."""
_ASKED = frozenset(
    {
        *("messages", "system", "input", "instructions", "contents", "prompt", "tools"),
        *("functions", "tool_choice", "response_format", "system_instruction"),
    }
)
_SAID = frozenset({"choices", "content", "role", "stop_reason", "output", "candidates", "data"})
_PARAMETERS = (
    *("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "n", "stop"),
    *("max_output_tokens", "stream", "frequency_penalty", "presence_penalty", "reasoning_effort"),
)


class LiteLlm(Prepared):
    name = "litellm"
    rank = 25

    def prepare(self, keys: Keys) -> Step | None:
        if not keys:
            return _tell_empty
        if not _MARKS.isdisjoint(keys):
            return _ROUTES.rules(
                keys,
                kinds=(Kind("llm.request.type", _TYPES), Kind("gen_ai.operation.name", _TYPES)),
                documents=_usage(("metadata.usage_object",), keys),
            )
        prefix = _raw_prefix(keys)
        if not prefix:
            return None
        return _raw_routes(prefix).rules(
            keys, kinds=(Kind("", (), "model"),), documents=_usage((prefix + "usage",), keys)
        )

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        prefix = _raw_prefix(tuple(attributes))
        if prefix and _MARKS.isdisjoint(attributes):
            asked = _body(attributes, prefix, _ASKED)
            if asked:
                is_embedding = "input" in asked and prefix + "object" not in attributes
                is_list = isinstance(asked.get("input"), list) and not asked.keys() - {"input"}
                is_embedding = is_embedding and is_list
                give_request(content, asked, origin=prefix[:-1], is_embedding=is_embedding)
            said = _body(attributes, prefix, _SAID)
            if said:
                give_answer(content, said, origin=prefix[:-1])


def _tell_empty(span: Span, facts: Facts) -> None:
    """A streamed call's raw request has a name and nothing else."""
    if span.name == "raw_gen_ai_request" and not facts.event_type:
        facts.event_type = "model"


def _raw_prefix(keys: Keys) -> str:
    """``llm.<provider>.`` of a raw request; empty: the span is none."""
    for key in keys:
        if key.startswith("llm.") and key.count(".") == 2:
            provider, _, member = key[4:].partition(".")
            if provider not in _FOREIGN and member in ("messages", "model", "input", "contents"):
                return f"llm.{provider}."
    return ""


def _raw_routes(prefix: str) -> Routes:
    return Routes(
        {
            prefix + "model": Route(text, "config.model", fact="model"),
            prefix + "id": Route(text, "metadata.response_id", fact="response_id"),
            **{prefix + key: LARGE for key in sorted(_ASKED | _SAID)},
            **{prefix + key: Route(plain, f"config.{key}") for key in _PARAMETERS},
        },
        {},
    )


def _usage(names: tuple[str, ...], keys: Keys) -> tuple[Document, ...]:
    return tuple(usage_document(key) for key in names if key in keys)


def _body(attributes: Attributes, prefix: str, names: frozenset[str]) -> dict[str, Json]:
    """The members of a request or an answer, what is written as ``repr`` read."""
    return {
        key[len(prefix) :]: _read(value)
        for key, value in attributes.items()
        if key.startswith(prefix) and key[len(prefix) :] in names and value != ""
    }


def _read(value: Json) -> Json:
    found = structure(value)
    return plain(value) if found is None else found
