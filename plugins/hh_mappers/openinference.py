"""OpenInference (Arize): ``openinference.span.kind``, ``llm.*``, ``input.value``, …

https://arize-ai.github.io/openinference/spec/semantic_conventions.html
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.paths import put
from hh_core.domain.rules import Document, Fallback, Glance, Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.openinference_content import OFFERED, PARAMETERS, place
from hh_mappers.reading import integer, name, number, plain, structured, text
from hh_mappers.response_ids import response_id
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens

_KIND = "openinference.span.kind"
_MARKS = frozenset({_KIND, "llm.model_name", "input.value", "output.value"})
_OWN = (
    *("llm.input_messages.", "llm.output_messages.", "llm.token_count.", "decision."),
    *("embedding.", "reranker.", "retrieval.documents."),
)
"""How keys begin that nobody else writes."""
_TYPES = (
    *((kind, "model") for kind in ("LLM", "EMBEDDING", "DECISION")),
    *((kind, "tool") for kind in ("TOOL", "RETRIEVER", "RERANKER", "EVALUATOR")),
    *((kind, "chain") for kind in ("CHAIN", "AGENT", "PROMPT", "GUARDRAIL", "UNKNOWN")),
)
_DOCUMENTS = (
    Document("metadata", "metadata", structured),
    *(
        Document(key, "config", structured, OFFERED, (("model", "metadata.request_model"),))
        for key in PARAMETERS
    ),
)
"""The model of the parameters is the one that was asked for, ``llm.model_name`` mostly the one
that answered."""
_FALLBACKS = (
    Fallback("model", "model", "metadata.request_model", "config.model"),
    Fallback("", "session_id", "metadata.session_id", ""),
    Fallback("", "session_id", "metadata.conversation_id", ""),
    Fallback("", "session_id", "metadata.thread_id", ""),
)
_ANSWER = Glance("output.value", response_id, "response_id", "metadata.response_id")
_CALL = frozenset({"llm.model_name", "llm.system", "llm.provider", "llm.token_count.prompt"})
"""One of these stands on the span of a call of a model."""
_MODEL_CALL = Kind("", (), "model")
_OPAQUE = (".signature", ".message_content.id", ".message_content.data", ".encrypted_content")
"""What providers put beside a part for themselves: it stays under the attribute's own name."""

_PROMPT = tokens("prompt_tokens", integer)
_COMPLETION = tokens("completion_tokens", integer)
_CACHE_READ = tokens("cache_read_tokens", integer)
_MODEL = Route(text, "config.model", fact="model")
_PROVIDER = Route(name, "config.provider", fact="provider")
_RESPONSE_MODEL = Route(text, "metadata.response_model")
_TOOL_CALL = Route(text, "metadata.tool_call_id")


def _message(rest: str) -> Route | None:
    return None if rest.endswith(_OPAQUE) else LARGE


def _listed(rest: str) -> Route | None:
    """Of ``input.`` and ``output.``: ``images.0.image.url``, ``audio.url`` and the like."""
    is_media = rest.startswith("audio.") or rest.partition(".")[2][:1].isdecimal()
    return LARGE if is_media else None


_ROUTES = Routes(
    {
        "llm.request.model_name": _MODEL,
        "decision.request.model_name": _MODEL,
        "llm.model_name": _MODEL,
        "decision.model_name": _MODEL,
        "embedding.model_name": _MODEL,
        "reranker.model_name": _MODEL,
        "llm.response.model_name": _RESPONSE_MODEL,
        "decision.response.model_name": _RESPONSE_MODEL,
        "llm.provider": _PROVIDER,
        "decision.provider": _PROVIDER,
        "llm.system": _PROVIDER,
        "decision.system": _PROVIDER,
        "llm.token_count.prompt": _PROMPT,
        "decision.token_count.input": _PROMPT,
        "llm.token_count.completion": _COMPLETION,
        "decision.token_count.output": _COMPLETION,
        "llm.token_count.total": tokens("total_tokens", integer),
        "llm.token_count.prompt_details.cache_read": _CACHE_READ,
        "llm.token_count.prompt_details.cache_input": _CACHE_READ,
        "llm.token_count.prompt_details.cache_write": tokens("cache_write_tokens", integer),
        "llm.token_count.prompt_details.audio": tokens("prompt_audio_tokens", integer),
        "llm.token_count.prompt_details.image": tokens("prompt_image_tokens", integer),
        "llm.token_count.completion_details.reasoning": tokens("reasoning_tokens", integer),
        "llm.token_count.completion_details.audio": tokens("completion_audio_tokens", integer),
        "llm.token_count.completion_details.image": tokens("completion_image_tokens", integer),
        "llm.cost.total": Route(number, "metadata.cost"),
        "llm.cost": Route(number, "metadata.cost"),
        "llm.finish_reason": Route(plain, "metadata.finish_reason"),
        "reranker.top_k": Route(integer, "config.top_k"),
        "tool.name": Route(text, "metadata.tool_name"),
        "tool.call_id": _TOOL_CALL,
        "tool_call.id": _TOOL_CALL,
        "tool.id": _TOOL_CALL,
        "agent.name": Route(text, "metadata.agent_name"),
        **dict.fromkeys(("input.value", "output.value"), LARGE),
        **dict.fromkeys(("tool.parameters", "reranker.query", "llm.function_call"), LARGE),
        **dict.fromkeys(("llm.prompts", "llm.choices", "llm.tools"), LARGE),
    },
    {
        "llm.input_messages.": _message,
        "llm.output_messages.": _message,
        "llm.prompts.": large,
        "llm.choices.": large,
        "llm.tools.": large,
        "llm.prompt_template.": large,
        "retrieval.documents.": large,
        "reranker.input_documents.": large,
        "reranker.output_documents.": large,
        "embedding.embeddings.": large,
        "input.": _listed,
        "output.": _listed,
    },
)
_FEEDBACK = ("annotations.", "evaluations.")


class OpenInference(Prepared):
    name = "openinference"
    rank = 40

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys) and not any(key.startswith(_OWN) for key in keys):
            return None
        is_call = not _CALL.isdisjoint(keys)
        rules = _ROUTES.rules(
            keys,
            kinds=(Kind(_KIND, _TYPES),) if _KIND in keys else (_MODEL_CALL,) if is_call else (),
            documents=tuple(document for document in _DOCUMENTS if document.key in keys),
            fallbacks=_fallbacks(keys),
        )
        if is_call and "output.value" in keys:
            rules = replace(rules, glances=(_ANSWER,))
        judged = [key for key in keys if key.startswith(_FEEDBACK)]
        return partial(_judge, rules, judged) if judged else rules

    def content(self, span: Span, content: Content) -> None:
        place(span, content)


def _fallbacks(keys: Keys) -> tuple[Fallback, ...]:
    """Those whose documents are there."""
    model = _FALLBACKS[:1] if any(key in keys for key in PARAMETERS) else ()
    return (*model, *(_FALLBACKS[1:] if "metadata" in keys else ()))


def _judge(rules: Rules, judged: Sequence[str], span: Span, facts: Facts) -> None:
    """``annotations.0.annotation.{name, score, label}``: a score as a metric by its name."""
    rules(span, facts)
    attributes = span.attributes
    for key in judged:
        stem, _, field = key.rpartition(".")
        if field != "name" or not isinstance(metric := attributes[key], str) or not metric:
            continue
        score: Json = number(attributes.get(f"{stem}.score"))
        if score is None:
            score = text(attributes.get(f"{stem}.label"))
        if score is not None:
            put(facts.attributes, f"metrics.{metric}", score)
