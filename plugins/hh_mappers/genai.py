"""OpenTelemetry's GenAI conventions, from ``gen_ai.prompt.N`` to ``gen_ai.input.messages``.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Fallback, Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.genai_content import CALLS, FLAT, WHOLE, from_attributes
from hh_mappers.genai_tools import ARGUMENTS, FUNCTIONS, OFFERED, PLACES, tools
from hh_mappers.placing import unplaced
from hh_mappers.reading import identifier, integer, name, number, plain, text
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens, under
from hh_mappers.usage import usage_document

_PREFIX = "gen_ai."
_OPERATIONS = dict.fromkeys(
    (
        *("chat", "text_completion", "generate_content", "embeddings", "completion", "responses"),
        *("fetch_response", "image_generation", "generate_image", "speech", "transcription"),
        *("chat.completions", "text_to_speech", "speech_to_text", "tts", "stt", "llm", "realtime"),
        "llm_call",
    ),
    "model",
)
_OPERATIONS |= dict.fromkeys(
    (
        *("invoke_agent", "create_agent", "invoke_workflow", "plan", "run_agent", "handoff"),
        *("create_thread", "create_message", "list_messages", "start_thread_run"),
        *("get_thread_run", "submit_tool_outputs", "list_run_steps"),
        *("agent_call", "user_prompt", "system_prompt", "schedule_tool_calls"),
        *("invoke_graph", "invoke_swarm", "execute_event_loop_cycle", "execute_task"),
        *("workflow", "framework", "graph", "agent", "task", "team", "user_prompt_processing"),
        *("tool_coordination", "browser_run", "browser_step"),
    ),
    "chain",
)
_OPERATIONS |= dict.fromkeys(
    (
        *("execute_tool", "retrieval", "rerank", "search_memory", "create_memory"),
        *("update_memory", "upsert_memory", "delete_memory", "create_memory_store"),
        *("delete_memory_store", "tool_call", "evaluate", "tool", "vectordb", "retrieve"),
        *("crawl", "scrape", "extract", "browser_action"),
    ),
    "tool",
)
_ASKING = (
    *("gen_ai.request.model", "gen_ai.response.model", "gen_ai.model"),
    "gen_ai.model_name",
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
)


def _numbered(rest: str) -> Route | None:
    """Of ``gen_ai.prompt.``: messages and variables, not ``name`` or the like."""
    return LARGE if rest[:1].isdecimal() or rest.startswith("variable.") else None


_USAGE = {
    f"gen_ai.{key}": tokens(kind, integer)
    for kind, keys in {
        "prompt_tokens": (
            *("usage.input_tokens", "usage.prompt_tokens", "response.prompt_tokens"),
            *("response.input_tokens", "usage.input_token_count"),
        ),
        "completion_tokens": (
            *("usage.output_tokens", "usage.completion_tokens", "response.completion_tokens"),
            *("response.output_tokens", "usage.output_token_count"),
        ),
        "total_tokens": ("usage.total_tokens", "response.total_tokens"),
        "cache_read_tokens": (
            *("usage.cache_read.input_tokens", "usage.cache_read_input_tokens"),
            *("usage.details.cache_read_input_tokens", "usage.details.cache_read_tokens"),
            *("usage.input_tokens.cached", "usage.cached_input_tokens", "usage.cached_tokens"),
            *("usage.details.cached_tokens", "usage.cache_read_tokens"),
            "usage.input_cached_tokens",
        ),
        "cache_write_tokens": (
            *("usage.cache_write.input_tokens", "usage.cache_write_input_tokens"),
            *("usage.cache_creation.input_tokens", "usage.cache_creation_input_tokens"),
            *("usage.details.cache_creation_input_tokens", "usage.details.cache_write_tokens"),
            *("usage.input_tokens.cache_write", "usage.cache_write_tokens"),
            "usage.cache_creation_tokens",
        ),
        **{
            f"cache_write_{age}_tokens": (
                f"usage.cache_creation.ephemeral_{age}_input_tokens",
                f"usage.cache_creation.ephemeral_{age}.input_tokens",
                f"usage.cache_write_{age}.input_tokens",
                f"usage.cache_creation_{age}_input_tokens",
                f"usage.details.ephemeral_{age}_input_tokens",
                f"usage.details.cache_write_{age}_tokens",
                f"usage.ephemeral_{age}_input_tokens",
            )
            for age in ("5m", "1h")
        },
        "reasoning_tokens": (
            *("usage.reasoning.output_tokens", "usage.reasoning_tokens"),
            *("usage.details.reasoning_tokens", "usage.details.thoughts_tokens"),
            *("usage.output_tokens.reasoning", "usage.reasoning_output_tokens"),
            "usage.thinking_tokens",
        ),
        "prompt_audio_tokens": (
            *("usage.audio.input_tokens", "usage.details.input_audio_tokens"),
            *("usage.input_audio_tokens", "usage.audio_input_tokens"),
        ),
        "completion_audio_tokens": (
            *("usage.audio.output_tokens", "usage.details.output_audio_tokens"),
            *("usage.output_audio_tokens", "usage.audio_output_tokens"),
        ),
        "prompt_image_tokens": ("usage.image.input_tokens",),
        "completion_image_tokens": ("usage.image.output_tokens",),
        "accepted_prediction_tokens": ("usage.details.accepted_prediction_tokens",),
        "rejected_prediction_tokens": ("usage.details.rejected_prediction_tokens",),
    }.items()
    for key in keys
}
"""Counts of tokens. Where a span has several names of a kind, the first one counts."""
_ROUTES = Routes(
    {
        "gen_ai.request.model": Route(text, "config.model", fact="model"),
        "gen_ai.model": Route(text, "config.model", fact="model"),
        "gen_ai.model_name": Route(text, "config.model", fact="model"),
        "gen_ai.response.model": Route(text, "metadata.response_model"),
        "gen_ai.provider.name": Route(name, "config.provider", fact="provider"),
        "gen_ai.system": Route(name, "config.provider", fact="provider"),
        "gen_ai.response.id": Route(text, "metadata.response_id", fact="response_id"),
        "gen_ai.conversation.id": Route(identifier, "metadata.conversation_id", fact="session_id"),
        "gen_ai.tool.name": Route(text, "metadata.tool_name"),
        "gen_ai.tool.call.id": Route(text, "metadata.tool_call_id"),
        "gen_ai.tool.call_id": Route(text, "metadata.tool_call_id"),
        "gen_ai.agent.name": Route(text, "metadata.agent_name"),
        "gen_ai.user": Route(text, "user_properties.user_id"),
        "gen_ai.user.id": Route(text, "user_properties.user_id"),
        "gen_ai.request.user": Route(text, "user_properties.user_id"),
        **_USAGE,
        "gen_ai.evaluation.score.value": Route(number, "metrics.score"),
        "gen_ai.usage.cost": Route(number, "metadata.cost"),
        "gen_ai.cost.total_cost": Route(number, "metadata.cost"),
        "operation.cost": Route(number, "metadata.cost"),
        "gen_ai.response.finish_reasons": Route(plain, "metadata.finish_reasons"),
        "gen_ai.request.type": Route(plain, "metadata.request_type"),
        **dict.fromkeys((*WHOLE, CALLS, *ARGUMENTS, *PLACES), LARGE),
        "gen_ai.system_instructions": LARGE,
    },
    {
        FUNCTIONS: large,
        OFFERED: _numbered,
        **dict.fromkeys(FLAT, large),
        "gen_ai.request.": under("config", plain),
        "gen_ai.prompt.": _numbered,
        "gen_ai.completion.": _numbered,
    },
)


_USAGE_OBJECT = usage_document("gen_ai.usage")
"""All counts at once, as an object or its JSON."""
_MODEL_OF_THE_ANSWER = Fallback("model", "model", "metadata.response_model", "config.model")
"""Where nothing tells which model was asked."""


class GenAi(Prepared):
    name = "genai"
    rank = 50

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_PREFIX) for key in keys):
            return None
        return _ROUTES.rules(
            keys,
            kinds=(_kind(keys),),
            documents=(_USAGE_OBJECT,) if _USAGE_OBJECT.key in keys else (),
            fallbacks=(_MODEL_OF_THE_ANSWER,),
        )

    def content(self, span: Span, content: Content) -> None:
        attributes = unplaced(span, content).attributes
        from_attributes(attributes, content)
        tools(attributes, content)


def _kind(keys: Keys) -> Kind:
    if "gen_ai.tool.name" in keys and "gen_ai.request.model" not in keys:
        otherwise = "tool"
    else:
        otherwise = "model" if any(key in keys for key in _ASKING) else ""
    return Kind("gen_ai.operation.name", tuple(_OPERATIONS.items()), otherwise)
