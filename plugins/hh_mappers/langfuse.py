"""Langfuse: ``langfuse.observation.*`` and ``langfuse.trace.*``.

https://langfuse.com/integrations/native/opentelemetry#property-mapping
"""

from functools import partial

from hh_core.domain.enrichment import OTHER_ERROR
from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.rules import Document, Kind, Rules
from hh_core.domain.span import AnyValue, Attributes, Keys, Span
from hh_mappers.reading import plain, structured, text, unquoted
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.usage import cost_document, usage_document
from hh_mappers.whole import EMBEDDING, Whole, own

_OBSERVATION = "langfuse.observation."
_LEVEL = _OBSERVATION + "level"
_METADATA = _OBSERVATION + "metadata."
_GENERATION = frozenset({_OBSERVATION + "model.name", _OBSERVATION + "usage_details"})
"""What only calls of models have; Python's SDK up to 3.3.0 tells them as ``span``."""
_MODEL = Kind("", (), "model")

_KINDS = {
    "generation": "model",
    "embedding": EMBEDDING,
    "span": "chain",
    "agent": "chain",
    "chain": "chain",
    "tool": "tool",
    "retriever": "tool",
    "evaluator": "tool",
    "guardrail": "tool",
    "event": "tool",
}
_OFFERED = {
    _METADATA + "tools": "tools",
    _METADATA + "tool_choice": "tool_choice",
    _METADATA + "response_format": "response_format",
}

_ROUTES = Routes(
    {
        "langfuse.session.id": Route(text, fact="session_id"),
        "langfuse.user.id": Route(text, "user_properties.user_id"),
        "langfuse.trace.tags": Route(plain, "metadata.tags"),
        _OBSERVATION + "model.name": Route(text, "config.model", fact="model"),
        _OBSERVATION + "input": LARGE,
        _OBSERVATION + "output": LARGE,
        **dict.fromkeys(
            (_METADATA + key for key in ("tools", "tool_choice", "response_format")), LARGE
        ),
    },
    {
        _METADATA: own("metadata", unquoted),
        "langfuse.trace.metadata.": own("metadata", unquoted),
    },
)


class Langfuse(Whole):
    name = "langfuse"
    rank = 21
    kind = _OBSERVATION + "type"
    kinds = _KINDS
    marks = frozenset(
        {
            kind,
            *(_OBSERVATION + key for key in ("input", "output", "model.name", "usage_details")),
            *("langfuse.session.id", "langfuse.user.id", "langfuse.trace.name"),
            *("langfuse.trace.input", "langfuse.trace.output", "langfuse.internal.is_app_root"),
        }
    )
    routes = _ROUTES
    documents = (
        Document(_OBSERVATION + "model.parameters", "config", structured),
        usage_document(_OBSERVATION + "usage_details"),
        cost_document(_OBSERVATION + "cost_details"),
    )
    inputs = (_OBSERVATION + "input",)
    outputs = (_OBSERVATION + "output",)
    offered = _OFFERED

    def prepare(self, keys: Keys) -> Step | None:
        rules = super().prepare(keys)
        return partial(_tell, rules) if isinstance(rules, Rules) and _LEVEL in keys else rules

    def told_kinds(self, keys: Keys) -> tuple[Kind, ...]:
        told = super().told_kinds(keys)
        if _GENERATION.isdisjoint(keys):
            return told
        return (*(kind._replace(types=_without_spans(kind.types)) for kind in told), _MODEL)

    def kind_of(self, attributes: Attributes) -> str:
        kind = super().kind_of(attributes)
        is_call = kind in ("", "chain") and not _GENERATION.isdisjoint(attributes)
        return "model" if is_call and attributes.get(self.kind, "span") == "span" else kind

    def opened(self, value: AnyValue) -> AnyValue:
        """A text that is quoted as JSON, as decorated functions' results are."""
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        return found

    def content(self, span: Span, content: Content) -> None:
        super().content(span, content)
        if content.error is None and _has_failed(span):
            content.error = text(span.attributes.get(_OBSERVATION + "status_message"))
        reason = span.attributes.get(_METADATA + "finish_reason")
        if reason is not None and content.outputs.get("role") == "assistant":
            content.outputs.setdefault("finish_reason", unquoted(reason))


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    if _has_failed(span):
        facts.error_class = facts.error_class or OTHER_ERROR


def _has_failed(span: Span) -> bool:
    """The SDK for JavaScript tells a failure by its level alone, and leaves the status unset."""
    return span.attributes.get(_LEVEL) == "ERROR" and not span.status_code


def _without_spans(types: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((told, kind) for told, kind in types if told != "span")
