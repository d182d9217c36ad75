"""Mastra: ``mastra.span.type`` and ``mastra.<type>.input`` beside OTel GenAI.

https://mastra.ai/docs/observability
"""

from hh_mappers.reading import text
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import EMBEDDING, Whole

_MASTRA = "mastra."
_MASTRA_KINDS = {
    **dict.fromkeys(("model_generation", "llm_generation"), "model"),
    "embedding": EMBEDDING,
    **dict.fromkeys(
        (
            *("agent_run", "workflow_run", "workflow_step", "workflow_conditional", "generic"),
            *("workflow_conditional_eval", "workflow_parallel", "workflow_loop", "model_step"),
            *("workflow_sleep", "workflow_wait_event", "processor_run", "model_chunk"),
        ),
        "chain",
    ),
    **dict.fromkeys(("tool_call", "mcp_tool_call", "rag_action", "memory_operation"), "tool"),
}
_SESSION = Route(text, fact="session_id")


class Mastra(Whole):
    name = "mastra"
    rank = 35
    kind = _MASTRA + "span.type"
    kinds = _MASTRA_KINDS
    marks = frozenset({kind})
    inputs = tuple(f"{_MASTRA}{told}.input" for told in _MASTRA_KINDS)
    outputs = tuple(f"{_MASTRA}{told}.output" for told in _MASTRA_KINDS)
    routes = Routes(
        {
            _MASTRA + "metadata.sessionId": _SESSION,
            _MASTRA + "metadata.threadId": Route(text, "metadata.thread_id", fact="session_id"),
            _MASTRA + "metadata.userId": Route(text, "user_properties.user_id"),
            **dict.fromkeys((*inputs, *outputs), LARGE),
        },
        {},
    )
