"""Strands Agents beside OTel GenAI: cycles of the event loop, failed tools, and older names.

A tool that fails answers with a text; its span ends well and says ``tool.status``: ``error``.
https://strandsagents.com/latest/documentation/docs/user-guide/observability-evaluation/traces/
"""

from typing import Any

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.placing import offer, offer_arguments, unplaced
from hh_mappers.reading import plain, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes

_CYCLE = "event_loop.cycle_id"
_STATUS = ("gen_ai.tool.status", "tool.status")
_MARKS = frozenset({*_STATUS, _CYCLE, "gen_ai.agent.tools", "tool.result"})
_TOOL = frozenset({*_STATUS, "tool.name", "gen_ai.tool.name"})
_FAILED = "tool_error"


def _failure(status: Any) -> str | None:
    return _FAILED if status == "error" else None


_FAILING = Route(_failure, "metadata.error_type", fact="error_class")
_ROUTES = Routes(
    {
        **dict.fromkeys(_STATUS, _FAILING),
        "gen_ai.agent.tools": Route(plain, "metadata.agent_tools"),
        "tool.name": Route(text, "metadata.tool_name"),
        "tool.id": Route(text, "metadata.tool_call_id"),
        "tool.parameters": LARGE,
        "tool.result": LARGE,
    },
    {},
)


class Strands(Prepared):
    name = "strands"
    rank = 57
    """After the results that stand on events."""

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        kind = ""
        if not _TOOL.isdisjoint(keys):
            kind = "tool"
        elif _CYCLE in keys:
            kind = "model" if "model_id" in keys else "chain"
        return _ROUTES.rules(keys, kinds=(Kind("", (), kind),) if kind else ())

    def content(self, span: Span, content: Content) -> None:
        attributes = unplaced(span, content).attributes
        if "tool.parameters" in attributes:
            value = unpacked(attributes["tool.parameters"])
            offer_arguments(content, value, origin="tool.parameters")
        if "tool.result" in attributes:
            value = unpacked(attributes["tool.result"])
            offer(content, "outputs", "result", value, origin="tool.result")
        if content.error is None and any(_failure(attributes.get(key)) for key in _STATUS):
            result = content.outputs.get("result")
            content.error = result if isinstance(result, str) and result else None
