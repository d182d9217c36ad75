"""Logfire: its own spans and those of its OpenAI, Anthropic and OpenAI Agents integrations.

Newer releases write OTel's ``gen_ai.*``, which ``genai`` reads; here is what stands beside:
``request_data`` and ``response_data`` of older releases (a stream's answer stands on a second
span of no length), and the agents' ``events``, ``response``, ``raw_input`` and ``usage``, which
turns and tasks repeat. https://logfire.pydantic.dev/docs/integrations/llms/openai/
"""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.mapping import error_class
from hh_core.domain.rules import Document, Glance, Kind, Rules
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.bodies import give_answer, give_arguments, give_request, give_result
from hh_mappers.dialects import chat, unsaid
from hh_mappers.genai_content import asked, said
from hh_mappers.leftovers import leave
from hh_mappers.messages import Message
from hh_mappers.placing import covers
from hh_mappers.reading import parsed, structured, text, unquoted_text
from hh_mappers.routes import LARGE, Prepared, Route, Routes
from hh_mappers.usage import LONGEST, count_in, usage, usage_document

_MARKS = frozenset({"logfire.msg_template", "logfire.msg", "logfire.span_type"})
_FOREIGN = ("http.", "db.", "rpc.", "messaging.", "url.", "gen_ai.", "llm.", "ai.", "mcp.")
"""Keys of other instrumentations: Logfire adds its message to all spans of a process."""
_CHAINS = frozenset({"sdk_span_type", "agent_trace_id", "handoffs", "from_agent"})
_TOOLS = frozenset({"mcp_data", "triggered", "result", "tool_response", "tool_arguments"})
_CALLS = frozenset({"response_id", "raw_input", "model_settings", "request_data", "model_config"})
_PYDANTIC_AI = frozenset({"model_request_parameters", "gen_ai.operation.name"})
"""One of these stands beside the ``events`` of a call by Pydantic AI, never of Logfire's own of
OpenAI's Responses API alone."""
_ARGUMENTS = ("args", "arguments", "tool_arguments", "input")
_RESULTS = ("result", "tool_response", "output")
_SUMS = ("prompt_tokens", "completion_tokens")
_BODIES = ("raw_input", "response", "events")
_MOST = 8
"""Messages that one answer gives: thoughts, texts, calls."""
_OLDER = ("request_data", "response_data")


def _beside(value: Any) -> Json:
    """Details of the provider's own usage: ``gen_ai.usage.*`` tells the sums, often other ones."""
    found = usage(value)
    if found is None:
        return None
    sums = {kind: found.pop(kind) for kind in _SUMS if kind in found}
    return {**found, "provider_usage": sums} if sums else found


_MODEL = re.compile(r'"model":\s?"([^"\\]{1,256})"')
_PROVIDERS = frozenset({"anthropic", "openai"})
_ASKED = Glance("request_data", lambda value: _model(value), "model", "config.model")
_DETAILS = Document("gen_ai.usage.raw", "metadata", _beside, is_usage=True)
_USAGE = usage_document("usage")
_SMALL = {
    "group_id": Route(unquoted_text, fact="session_id"),
    "response_id": Route(unquoted_text, "metadata.response_id", fact="response_id"),
    "agent_name": Route(text, "metadata.agent_name"),
}
_CALL = Routes(_SMALL | dict.fromkeys(_BODIES, LARGE), {})
_OLD_CALL = Routes(_SMALL | dict.fromkeys(_OLDER, LARGE), {})
_TOOL = Routes(_SMALL | dict.fromkeys((*_ARGUMENTS, *_RESULTS), LARGE), {})
_OTHER = Routes(_SMALL, {})


class Logfire(Prepared):
    name = "logfire"
    rank = 26

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        told = _told(keys)
        documents = (_DETAILS,) if not told else (_DETAILS, _USAGE)
        if told == "model" and "request_data" in keys and "gen_ai.request.model" not in keys:
            return partial(_call_without_names, _oldest(keys))
        routes = {"tool": _TOOL, "model": _OLD_CALL if _is_old(keys) else _CALL}.get(told, _OTHER)
        return routes.rules(
            keys,
            kinds=_kinds(told, keys),
            documents=tuple(document for document in documents if document.key in keys),
        )

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        keys = tuple(attributes)
        match _told(keys):
            case "model" if _is_old(keys):
                _give_older(attributes, content)
            case "model":
                _give_bodies(attributes, content)
            case "tool":
                _give_tool(attributes, content)
        found = structured(attributes.get("error"))
        if isinstance(found, dict) and error_class(span) and content.error is None:
            content.error = _reason(found)


def _told(keys: Keys) -> str:
    """The type of event that the keys tell; empty: the span's own, or none of Logfire's calls."""
    if not _CHAINS.isdisjoint(keys):
        return "chain"
    if not _CALLS.isdisjoint(keys) or ("events" in keys and _PYDANTIC_AI.isdisjoint(keys)):
        return "model"
    return "tool" if not _TOOLS.isdisjoint(keys) else ""


def _oldest(keys: Keys) -> Rules:
    """Of a call that only its two bodies tell: Anthropic's, before Logfire wrote OTel's names."""
    rules = _OLD_CALL.rules(keys, kinds=(Kind("", (), "model"),))
    return replace(rules, glances=(_ASKED,))


def _call_without_names(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    count_in(span, facts, "response_data", "usage")
    provider = span.origin.scope_name.removeprefix("logfire.")
    if provider in _PROVIDERS and not facts.provider:
        facts.provider = provider
        facts.attributes.setdefault("config.provider", provider)


def _model(value: Any) -> str | None:
    """The model of a request, whose messages have their quotes escaped."""
    if type(value) is not str:
        return None
    found = parsed(value) if len(value) < LONGEST else None
    if isinstance(found, dict):
        return text(found.get("model"))
    told = _MODEL.search(value)
    return told[1] if told else None


def _kinds(told: str, keys: Keys) -> tuple[Kind, ...]:
    if told:
        return (Kind("", (), told),)
    is_own = not any(key.startswith(_FOREIGN) for key in keys)
    return (Kind("logfire.span_type", (("span", "chain"),)),) if is_own else ()


def _is_old(keys: Keys) -> bool:
    """Whether only ``request_data`` has the request. Now it has the model alone."""
    return "request_data" in keys and "gen_ai.input.messages" not in keys and "events" not in keys


def _give_tool(attributes: Attributes, content: Content) -> None:
    for key in _ARGUMENTS:
        if key in attributes:
            give_arguments(content, attributes[key], origin=key)
    for key in _RESULTS:
        if key in attributes:
            give_result(content, attributes[key], origin=key)


def _give_older(attributes: Attributes, content: Content) -> None:
    operation = attributes.get("gen_ai.operation.name")
    if "request_data" in attributes:
        value = attributes["request_data"]
        asked = structured(value)
        model = asked.get("model") if isinstance(asked, dict) else None
        is_embedding = operation == "embeddings" or "embed" in str(model)
        give_request(content, value, origin="request_data", is_embedding=is_embedding)
    found = structured(attributes.get("response_data"))
    if isinstance(found, dict) and "combined_chunk_content" in found:  # of a stream
        found = {**found, "text": found["combined_chunk_content"]}
        del found["combined_chunk_content"]
    if isinstance(found, dict) and found.keys() == {"usage"}:  # of embeddings
        leave(content, "response_data", found)
    elif found:
        give_answer(content, found, origin="response_data")


def _give_bodies(attributes: Attributes, content: Content) -> None:
    """The agents' response has all; where a call failed, the events have what was asked."""
    content.used.add("events")
    _tell_bodies(attributes, content)
    for key in _BODIES:
        leave(content, key, unsaid(structured(attributes.get(key))))


def _tell_bodies(attributes: Attributes, content: Content) -> None:
    response = structured(attributes.get("response"))
    messages = chat(attributes.get("events"), role="user")
    if isinstance(response, dict) and response.get("output"):
        body = {key: item for key, item in response.items() if item != attributes.get("raw_input")}
        instructions = chat(body.pop("instructions", None), role="system")
        history = chat(attributes.get("raw_input"), role="user")
        if not history:
            history = _split(messages)[0]
            instructions = []
        history = _before(history, chat(body["output"], role="assistant"))
        _ask(content, instructions + history)
        tools = {key: body.pop(key) for key in ("tools", "tool_choice", "text") if key in body}
        give_request(content, {**tools, "messages": instructions + history}, origin="response")
        give_answer(content, body, origin="response")
        return
    before, after = _split(messages)
    _ask(content, before)
    said(content, after, origin="events")
    if "raw_input" in attributes:
        give_request(content, attributes["raw_input"], origin="raw_input")
    if attributes.get("response") not in (None, "null"):
        give_answer(content, attributes["response"], origin="response")


def _ask(content: Content, messages: list[Message]) -> None:
    asked(content, messages, origin="events", operation=None)


def _split(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """What was asked, and the answer that ends it."""
    end = len(messages)
    while end and messages[end - 1]["role"] == "assistant":
        end -= 1
    return messages[:end], messages[end:]


def _before(history: list[Message], answer: list[Message]) -> list[Message]:
    """Without the answer: the SDK goes on with the list that it has told as the request's."""
    end = len(history)
    for message in reversed(history[-_MOST:]):
        if message["role"] != "assistant" or not covers(answer, message):
            break
        end -= 1
    return history[:end]


def _reason(error: dict[str, Json]) -> str | None:
    data = error.get("data")
    inner = data.get("error") if isinstance(data, dict) else None
    return next((told for told in (inner, error.get("message")) if text(told)), None)
