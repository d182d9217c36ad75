"""Pydantic AI beside OTel GenAI, in all versions of its instrumentation.

Agent runs tell the whole conversation, answer included, in ``pydantic_ai.all_messages`` (before:
``all_messages_events``, a list of events) and the result in ``final_result``. Model calls of the
first version tell theirs as such a list in ``events``. Tools have ``tool_arguments`` and
``tool_response`` where newer ones have ``gen_ai.tool.call.*``.
https://ai.pydantic.dev/logfire/#configuring-data-format
"""

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.mapping import SPARE
from hh_core.domain.rules import Kind
from hh_core.domain.span import Attributes, Keys, Span, SpanEvent
from hh_mappers.dialects import unsaid
from hh_mappers.genai_content import said
from hh_mappers.genai_events import TOLD, conversation, named_events, tell
from hh_mappers.leftovers import leave
from hh_mappers.messages import Message, chat_history
from hh_mappers.parts import text_of
from hh_mappers.placing import covers, offer, offer_arguments, spare
from hh_mappers.reading import text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes

_WHOLE = ("pydantic_ai.all_messages", "all_messages_events")
_OWN = frozenset({"all_messages_events", "final_result", "tool_arguments", "tool_response"})
_OWN |= {"model_request_parameters", "events"}
_STEPS = frozenset({"tools", "run_step"})
_LOGGED = _STEPS | {"logfire.msg", "logfire.msg_template", "logfire.span_type"}
"""All that spans have that hold a step's tools, or prepare a request, in releases before 1."""
_ROUTES = Routes(
    {
        "model_name": Route(text, "config.model"),
        "agent_name": Route(text, "metadata.agent_name"),
        "pydantic_ai.all_messages": LARGE,
        **dict.fromkeys(sorted(_OWN), LARGE),
    },
    {},
)
_RUN = Kind("", (), "chain")


class PydanticAi(Prepared):
    name = "pydantic-ai"
    rank = 48

    def prepare(self, keys: Keys) -> Step | None:
        is_own = any(key.startswith("pydantic_ai.") for key in keys)
        is_told = any(key.startswith("gen_ai.") for key in keys) and not _OWN.isdisjoint(keys)
        is_run = "agent_name" in keys and "model_name" in keys
        if _LOGGED.issuperset(keys) and not _STEPS.isdisjoint(keys):
            return _step
        if not (is_own or is_told or is_run):
            return None
        is_run |= any(key in keys for key in _WHOLE)
        return _ROUTES.rules(keys, kinds=(_RUN,) if is_run else ())

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        tell(_events(attributes, "events", content), content, attributes)
        _run(attributes, content)
        _leave_events(attributes, content)
        if "tool_arguments" in attributes:
            value = unpacked(attributes["tool_arguments"])
            offer_arguments(content, value, origin="tool_arguments")
        for key, bucket, place in (
            ("tool_response", "outputs", "result"),
            ("model_request_parameters", "config", "model_request_parameters"),
        ):
            if key in attributes:
                value = unpacked(attributes[key])
                if not (bucket == "outputs" and covers(content.outputs, value)):  # by Logfire
                    offer(content, bucket, place, value, origin=key)


def _step(span: Span, facts: Facts) -> None:
    if span.origin.scope_name.startswith("pydantic"):
        facts.event_type = facts.event_type or "chain"


def _run(attributes: Attributes, content: Content) -> None:
    """The conversation of a run without its answer, and the answer: what the agent returned."""
    whole = chat_history(attributes.get("pydantic_ai.all_messages"), role="user")
    told = conversation(_events(attributes, "all_messages_events", content))
    whole = whole or told
    result = unpacked(attributes.get("final_result"))
    if whole and _is_answer(whole[-1], result):
        *whole, last = whole
        said(content, [last], origin="pydantic_ai.all_messages")
    elif result is not None:
        offer(content, "outputs", "result", result, origin="final_result")
    if whole:
        offer(content, "inputs", "chat_history", whole, origin="pydantic_ai.all_messages")


def _events(attributes: Attributes, key: str, content: Content) -> list[SpanEvent]:
    """The events that stand in an attribute; what is no list of them is kept as it is."""
    if key not in attributes or key in content.used:
        return []
    value = unpacked(attributes[key])
    events = named_events(value)
    is_whole = isinstance(value, list) and len(events) == len(value)
    if not is_whole or any(event.name not in TOLD for event in events):
        spare(content, key, value)
    return events


def _leave_events(attributes: Attributes, content: Content) -> None:
    """What events say of themselves: their names and numbers."""
    for key in ("events", "all_messages_events"):
        is_left = key not in content.used and f"{SPARE}.{key}" not in content.metadata
        if key in attributes and is_left:
            leave(content, key, unsaid(unpacked(attributes[key])))


def _is_answer(message: Message, result: object) -> bool:
    if message["role"] != "assistant":
        return False
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    return result is None or any(text_of(part) == result for part in parts)
