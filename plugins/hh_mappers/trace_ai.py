"""traceAI (Future AGI): kinds under names of its own, beside OpenInference's or OTel's attributes.

https://github.com/future-agi/traceAI
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.routes import Prepared

_KEYS = ("fi.span.kind", "gen_ai.span.kind")
_TYPES = {
    "LLM": "model",
    "EMBEDDING": "model",
    **dict.fromkeys(("CHAIN", "AGENT", "WORKFLOW", "CONVERSATION"), "chain"),
    **dict.fromkeys(
        ("TOOL", "RETRIEVER", "RERANKER", "GUARDRAIL", "EVALUATOR", "VECTOR_DB"), "tool"
    ),
}
_KINDS = tuple((spelt, kind) for told, kind in _TYPES.items() for spelt in (told, told.lower()))


class TraceAi(Prepared):
    name = "trace_ai"
    rank = 32

    def prepare(self, keys: Keys) -> Step | None:
        kinds = tuple(Kind(key, _KINDS) for key in _KEYS if key in keys)
        return Rules(kinds=kinds) if kinds else None

    def content(self, span: Span, content: Content) -> None:
        """The other conventions on the span place its values."""
