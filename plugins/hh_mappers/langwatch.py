"""LangWatch: ``langwatch.*``, values wrapped as ``{"type": …, "value": …}``.

https://docs.langwatch.ai/integration/opentelemetry/guide
"""

from typing import Any

from hh_core.domain.event import Content, Json
from hh_core.domain.mapping import CONTEXT, DERIVED, SPARE
from hh_core.domain.rules import Document, Fallback
from hh_core.domain.span import AnyValue
from hh_mappers.reading import number, plain, structured, text
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.usage import usage
from hh_mappers.whole import Whole

_PREFIX = "langwatch."
_KINDS = {
    "llm": "model",
    **dict.fromkeys(
        (
            *("span", "chain", "agent", "workflow", "component", "module", "task", "prompt"),
            *("server", "consumer"),
        ),
        "chain",
    ),
    **dict.fromkeys(("tool", "rag", "guardrail", "evaluation", "client", "producer"), "tool"),
}
_TYPES = frozenset(
    {"text", "raw", "json", "list", "chat_messages", "guardrail_result", "evaluation_result"}
)
"""Of wrapped values. What the SDK does not know, pictures say, it wraps twice, as ``json``."""
_GIVEN = (_PREFIX + "input",)
_GAVE = tuple(_PREFIX + key for key in ("output", "rag_contexts", "rag.contexts", "contexts"))
_OFFERED = frozenset({"tools", "functions", "response_format"})


def _metrics(value: Any) -> Json:
    """``{"prompt_tokens": 5, "completion_tokens": 3, "cost": 0.1}``: counts, and the cost."""
    found = _opened(structured(value))
    if not isinstance(found, dict):
        return None
    counts = {key: item for key, item in found.items() if key != "cost"}
    read = usage(counts) or {}
    cost = number(found.get("cost"))
    return (read | ({} if cost is None else {"cost": cost})) or None


def _members(value: Any) -> Json:
    """An object's members, those that the platform writes itself apart."""
    found = structured(value)
    if not isinstance(found, dict):
        return None
    taken = {key: found[key] for key in found.keys() & (DERIVED | CONTEXT)}
    rest = {key: item for key, item in found.items() if key not in taken}
    return rest | ({SPARE: taken} if taken else {})


_ROUTES = Routes(
    {
        _PREFIX + "thread.id": Route(text, fact="session_id"),
        _PREFIX + "thread_id": Route(text, fact="session_id"),
        _PREFIX + "session.id": Route(text, fact="session_id"),
        _PREFIX + "user.id": Route(text, "user_properties.user_id"),
        _PREFIX + "customer.id": Route(text, "user_properties.customer_id"),
        _PREFIX + "labels": Route(plain, "metadata.tags"),
        **{
            _PREFIX + key: LARGE
            for key in ("input", "output", "rag_contexts", "rag.contexts", "contexts")
        },
    },
    {},
)


class LangWatch(Whole):
    name = "langwatch"
    rank = 27
    kind = _PREFIX + "span.type"
    kinds = _KINDS
    marks = frozenset(
        {kind, *(_PREFIX + key for key in ("input", "output", "thread.id", "user.id", "metrics"))}
    )
    routes = _ROUTES
    documents = (
        Document(_PREFIX + "metrics", "metadata", _metrics, is_usage=True),
        Document(_PREFIX + "params", "config", structured),
        Document("metadata", "metadata", _members),
    )
    fallbacks = (
        Fallback("", "session_id", "metadata.thread_id", ""),
        Fallback("", "session_id", "metadata.threadId", ""),
    )
    inputs = _GIVEN
    outputs = _GAVE

    def opened(self, value: AnyValue) -> AnyValue:
        return _opened(structured(value)) if structured(value) is not None else value

    def give_output(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        """A tool of LangChain answers with a message, whose text is the result."""
        match value:
            case [{"role": "unknown" | "tool" | "function", "content": said}] if kind == "tool":
                super().give_output(content, kind, key, said)
            case _:
                super().give_output(content, kind, key, value)


def _opened(found: Json) -> Json:
    """The value within LangWatch's wrapping; of a list of one, that one."""
    if isinstance(found, dict) and found.keys() == {"type", "value"}:
        inner = found["value"]
        return _opened(inner) if found["type"] == "list" or _is_wrapped(inner) else inner
    if isinstance(found, list) and found and all(_is_wrapped(item) for item in found):
        values = [_opened(item) for item in found]
        return values[0] if len(values) == 1 else values
    return found


def _is_wrapped(item: Json) -> bool:
    return isinstance(item, dict) and item.keys() == {"type", "value"} and item["type"] in _TYPES
