"""Spans that an instrumentor has ended before it told anything: scope and name are all they have.

OpenTelemetry names spans of GenAI ``{operation} {model or agent or tool}``.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.span import Keys, Span
from hh_mappers.routes import Prepared

_SCOPES = ("openlit", "opentelemetry.instrumentation.", "openinference.", "traceloop.")
_CHAINS = frozenset({"haystack", "gcp.vertex.agent"})
"""Their spans without attributes hold others: pipelines, and agents of Google's kit."""
_OPERATIONS = {
    **dict.fromkeys(("chat", "text_completion", "generate_content", "embeddings"), "model"),
    **dict.fromkeys(("invoke_agent", "create_agent", "invoke_workflow"), "chain"),
    "execute_tool": "tool",
}


class SpanNames(Prepared):
    """Speaks only of spans without any attribute of their own."""

    name = "span-names"
    rank = 95

    def prepare(self, keys: Keys) -> Step | None:
        return None if keys else _tell

    def content(self, span: Span, content: Content) -> None:
        """There is none."""


def _tell(span: Span, facts: Facts) -> None:
    scope = span.origin.scope_name
    if scope in _CHAINS:
        facts.event_type = "chain"
    elif scope.startswith(_SCOPES):
        operation, _, what = span.name.partition(" ")
        facts.event_type = _OPERATIONS.get(operation, "") if what else ""
        if facts.event_type == "model":
            facts.model = what
            facts.attributes.setdefault("config.model", what)
