"""OpenLLMetry (Traceloop): ``traceloop.*`` and its older ``llm.*`` beside OTel GenAI.

https://github.com/traceloop/openllmetry, opentelemetry-semantic-conventions-ai
"""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.rules import Fallback, Glance, Kind, Rules
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.genai_content import asked, numbered_messages, said
from hh_mappers.genai_tools import definitions
from hh_mappers.leftovers import give_members, leave
from hh_mappers.openinference_content import is_conversation
from hh_mappers.placing import offer
from hh_mappers.reading import identifier, integer, name, number, parsed, plain, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens, under
from hh_mappers.wrappings import gave_in, given_in

_ENTITY = ("traceloop.entity.input", "traceloop.entity.output")
_TASK_IO = ("gen_ai.task.input", "gen_ai.task.output")
_MARKS = frozenset(
    {
        *("traceloop.span.kind", "traceloop.workflow.name", "traceloop.entity.name"),
        *(*_ENTITY, *_TASK_IO),
        *("llm.request.type", "llm.usage.total_tokens", "llm.vendor", "llm.is_streaming"),
        *("gen_ai.is_streaming", "llm.request.model"),
    }
)
_ASSOCIATION = "traceloop.association.properties."
_KINDS = (
    Kind("traceloop.span.kind", (("workflow", "chain"), ("agent", "chain"), ("tool", "tool"))),
    Kind(
        "llm.request.type",
        tuple((kind, "model") for kind in ("chat", "completion", "embedding", "rerank")),
    ),
)
_TASK = Kind("traceloop.span.kind", (("task", "chain"),))
"""The weakest sign: the HoneyHive SDK's default tells more."""
_FUNCTIONS = "llm.request.functions."
_THREAD = Fallback("", "session_id", "metadata.thread_id", "")
_MODEL = Route(text, "config.model", fact="model")
_FINISH = Route(plain, "metadata.finish_reason")


def _numbered(rest: str) -> Route | None:
    return LARGE if rest[:1].isdecimal() else None


_ROUTES = Routes(
    {
        _ASSOCIATION + "session_id": Route(identifier, fact="session_id"),
        _ASSOCIATION + "conversation_id": Route(
            text, "metadata.conversation_id", fact="session_id"
        ),
        _ASSOCIATION + "chat_id": Route(text, "metadata.chat_id", fact="session_id"),
        _ASSOCIATION + "user_id": Route(identifier, "user_properties.user_id"),
        _ASSOCIATION + "source": Route(text, "source"),
        "llm.request.model": _MODEL,
        "llm.response.model": Route(text, "metadata.response_model"),
        "llm.vendor": Route(name, "config.provider", fact="provider"),
        "llm.usage.prompt_tokens": tokens("prompt_tokens", integer),
        "llm.usage.completion_tokens": tokens("completion_tokens", integer),
        "llm.usage.total_tokens": tokens("total_tokens", integer),
        "llm.usage.reasoning_tokens": tokens("reasoning_tokens", integer),
        "llm.temperature": Route(number, "config.temperature"),
        "llm.request.temperature": Route(number, "config.temperature"),
        "llm.top_p": Route(number, "config.top_p"),
        "llm.request.top_p": Route(number, "config.top_p"),
        "llm.top_k": Route(number, "config.top_k"),
        "llm.request.max_tokens": Route(integer, "config.max_tokens"),
        "llm.frequency_penalty": Route(number, "config.frequency_penalty"),
        "llm.presence_penalty": Route(number, "config.presence_penalty"),
        "llm.request.repetition_penalty": Route(number, "config.repetition_penalty"),
        "llm.chat.stop_sequences": Route(plain, "config.stop_sequences"),
        "llm.is_streaming": Route(plain, "config.stream"),
        "gen_ai.is_streaming": Route(plain, "config.stream"),
        "llm.user": Route(text, "user_properties.user_id"),
        "llm.response.finish_reason": _FINISH,
        "llm.response.stop_reason": _FINISH,
        **dict.fromkeys((*_ENTITY, *_TASK_IO), LARGE),
    },
    {
        _ASSOCIATION: under("metadata", plain),
        _FUNCTIONS: large,
        "llm.prompts.": _numbered,
        "llm.completions.": _numbered,
        "llm.watsonx.": under("config", plain),
    },
)

_FAR = 1 << 16
"""Characters at the end of an input that are looked through for the metadata of a run."""
_SESSION_NAMES = ("session_id", "conversation_id", "thread_id")
_SESSION = re.compile(rf'"({"|".join(_SESSION_NAMES)})"\s{{0,3}}:\s{{0,3}}"([^"\\]{{1,256}})"')


def _session(value: Any) -> str | None:
    """The session that LangChain's metadata name in an input, ``{inputs, tags, metadata, …}``."""
    if type(value) is not str or not value.startswith("{"):
        return None
    at = value.rfind('"metadata"', max(0, len(value) - _FAR))
    if at < 0:
        return None
    found = dict(_SESSION.findall(value, at))
    return next((found[key] for key in _SESSION_NAMES if key in found), None)


class OpenLlmetry(Prepared):
    name = "openllmetry"
    rank = 30

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys) and not any(key.startswith(_ASSOCIATION) for key in keys):
            return None
        known = _KINDS if "honeyhive_event_type" in keys else (*_KINDS, _TASK)
        thread = _ASSOCIATION + "thread_id" in keys
        rules = _ROUTES.rules(
            keys,
            kinds=tuple(kind for kind in known if kind.key in keys),
            fallbacks=(_THREAD,) if thread else (),
        )
        if _ENTITY[0] in keys:
            glance = Glance(_ENTITY[0], _session, "session_id", "metadata.session_id")
            rules = replace(rules, glances=(glance,))
        is_both = "honeyhive_event_type" in keys and "traceloop.span.kind" in keys
        return partial(_tell, rules) if is_both else rules

    def content(self, span: Span, content: Content) -> None:
        """What GenAI's conventions do not have: the oldest messages, and functions."""
        attributes = span.attributes
        prompts = _oldest(attributes, "llm.prompts.", role="user")
        asked(content, prompts, origin="llm.prompts", operation=None)
        answers = _oldest(attributes, "llm.completions.", role="assistant")
        said(content, answers, origin="llm.completions")
        if tools := definitions(attributes, _FUNCTIONS):
            offer(content, "config", "tools", tools, origin=_FUNCTIONS[:-1])


class OpenLlmetryValues(Prepared):
    """Inputs and outputs of workflows, tasks and tools. Read last: a call of a model tells its own
    in a better form."""

    name = "openllmetry-values"
    rank = 91

    def prepare(self, keys: Keys) -> Step | None:
        found = frozenset((*_ENTITY, *_TASK_IO)).intersection(keys)
        return Rules(found) if found else None

    def content(self, span: Span, content: Content) -> None:
        for places in (_ENTITY, _TASK_IO):
            for key, side, bucket in zip(
                places, ("input", "output"), ("inputs", "outputs"), strict=True
            ):
                if key in span.attributes:
                    _give(content, bucket, side, _json(span.attributes[key]), key)


def _json(value: Any) -> Json:
    """Values are JSON, texts in quotes."""
    found = parsed(value) if type(value) is str and value[:1] == '"' else unpacked(value)
    return None if found == "null" else value if found is None else found


def _give(content: Content, bucket: str, side: str, value: Json, origin: str) -> None:
    given = given_in(value) if side == "input" else gave_in(value)
    if value is None:
        return
    if is_conversation(content, bucket):
        leave(content, origin, value)
    elif given is not None:
        give_members(content, bucket, side, given, origin)
    if given is not value:
        leave(content, origin, value)


def _oldest(attributes: Attributes, prefix: str, *, role: str) -> list[dict[str, Json]]:
    return numbered_messages(attributes, prefix, role=role)


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    if not facts.event_type and span.attributes.get("traceloop.span.kind") == "task":
        is_tool = span.attributes.get("honeyhive_event_type") == "tool"
        facts.event_type = "tool" if is_tool else "chain"
