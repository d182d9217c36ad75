"""Haystack's own tracing: ``haystack.component.*``, ``haystack.pipeline.*``, ``haystack.agent.*``.

Every component's span is named alike; its class tells what it is. Model and tokens stand only in
the JSON of its output. https://docs.haystack.deepset.ai/docs/tracing
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from hh_core.domain.enrichment import OTHER_ERROR
from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.mapping import SPARE
from hh_core.domain.paths import put
from hh_core.domain.rules import Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.framework_messages import in_normal_form
from hh_mappers.leftovers import give_members, leave
from hh_mappers.literals import literal, structure, unpacked_literal
from hh_mappers.messages import answer
from hh_mappers.placing import offer, offer_answer
from hh_mappers.reading import integer, structured, text
from hh_mappers.requests import asked_of, said_of
from hh_mappers.routes import LARGE, Prepared, Route, Routes

_MARK = "haystack."
_TYPE = "haystack.component.type"
_LLM = "haystack.agent.step.llm."
_FAILED = "haystack.tool.error"
"""An agent goes on when a tool fails: the span's status stays unset."""
_ENDINGS = (
    (("Generator", "Embedder", "ChatModel"), "model"),
    (("Retriever", "ToolInvoker", "WebSearch", "Ranker", "Fetcher", "Writer", "Reader"), "tool"),
    (("Connector", "Searcher", "Tool", "Executor"), "tool"),
)
"""How the names of classes end that call models or tools; all others are chains."""
_SOURCES = (
    ("haystack.component.input", "haystack.component.output"),
    ("haystack.agent.step.llm.input", "haystack.agent.step.llm.output"),
    ("haystack.agent.step.tool.input", "haystack.agent.step.tool.output"),
    ("haystack.tool.input", "haystack.tool.output"),
    ("haystack.agent.input", "haystack.agent.output"),
    ("haystack.pipeline.input_data", "haystack.pipeline.output_data"),
)
_TEXTS = (
    ("prompt", "inputs", "prompt"),
    ("text", "inputs", "input"),
    ("documents", "inputs", "input"),
)
"""Where texts belong that are completed or embedded."""
_SETTINGS = (
    ("tools", "config", "tools"),
    ("generation_kwargs", "config", "generation_kwargs"),
)
_ANSWERS = ("haystack.component.output", "haystack.agent.step.llm.output")
_LONGEST = 1 << 20
"""Characters of an answer that are parsed for its tokens."""
_SAME = 64
"""Answers that are remembered: an agent's step and its component tell one."""
_USAGE = {
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens", "cached_tokens"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_write_tokens"),
    "reasoning_tokens": ("reasoning_tokens",),
}
_ROUTES = Routes(
    {
        "haystack.tool.name": Route(text, "metadata.tool_name"),
        **{key: LARGE for pair in _SOURCES for key in pair},
    },
    {},
)


class Haystack(Prepared):
    name = "haystack"
    rank = 75

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_MARK) for key in keys):
            return None
        return partial(_tell, _ROUTES.rules(keys), _type_by_keys(keys))

    def content(self, span: Span, content: Content) -> None:
        is_model = _kind(span, _type_by_keys(tuple(span.attributes))) == "model"
        for pair in _SOURCES:
            for key, bucket in zip(pair, ("inputs", "outputs"), strict=True):
                if key in span.attributes:
                    value = unpacked_literal(span.attributes[key])
                    _GIVE[is_model](content, bucket, value, key)
                    _keep_objects(content, key, span.attributes[key])
        if span.attributes.get(_FAILED) is True and content.error is None:
            content.error = text(content.outputs.get("error"))


def _type_by_keys(keys: Keys) -> str:
    """Of spans that are no component's; empty for those."""
    if any(key.startswith(_LLM) for key in keys):
        return "model"
    if any(key.startswith(("haystack.agent.step.tool.", "haystack.tool.")) for key in keys):
        return "tool"
    return "" if _TYPE in keys else "chain"


def _kind(span: Span, by_keys: str) -> str:
    if by_keys:
        return by_keys
    name = span.attributes.get(_TYPE)
    if not isinstance(name, str):
        return "chain"
    return next((kind for ends, kind in _ENDINGS if name.endswith(ends)), "chain")


def _tell(rules: Rules, by_keys: str, span: Span, facts: Facts) -> None:
    rules(span, facts)
    facts.event_type = facts.event_type or _kind(span, by_keys)
    if span.attributes.get(_FAILED) is True:
        facts.error_class = facts.error_class or OTHER_ERROR
    if facts.event_type != "model":
        return
    for key in _ANSWERS:
        value = span.attributes.get(key)
        if isinstance(value, str) and len(value) <= _LONGEST:
            model, usage = _measured(value)
            if model:
                facts.model = facts.model or model
                put(facts.attributes, "config.model", model)
            for kind, count in usage:
                put(facts.attributes, f"metadata.{kind}", facts.usage.setdefault(kind, count))


@lru_cache(_SAME)
def _measured(value: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Model and tokens in an answer: in ``meta`` of its replies, or beside them."""
    notes = list(_notes(structured(value)))
    model = next((n["model"] for n in notes if isinstance(n.get("model"), str)), "")
    sums: dict[str, int] = {}
    for note in notes:
        for kind, count in _counts(note.get("usage")):
            sums[kind] = sums.get(kind, 0) + count
    return model, tuple(sums.items())


def _notes(output: Json) -> Iterator[Mapping[str, Any]]:
    if not isinstance(output, Mapping):
        return
    replies = output.get("replies")
    for reply in replies if isinstance(replies, list) else ():
        note = reply.get("meta", reply.get("_meta")) if isinstance(reply, Mapping) else None
        if isinstance(note, Mapping):
            yield note
    meta = output.get("meta")
    for note in meta if isinstance(meta, list) else (meta,):
        if isinstance(note, Mapping):
            yield note


def _counts(usage: Json) -> Iterator[tuple[str, int]]:
    if not isinstance(usage, Mapping):
        return
    told: dict[str, Json] = dict(usage)
    for name in ("prompt_tokens_details", "completion_tokens_details", "output_tokens_details"):
        if isinstance(usage.get(name), Mapping):
            told |= usage[name]
    for kind, names in _USAGE.items():
        count = next((c for name in names if (c := integer(told.get(name))) is not None), None)
        if count is not None:
            yield kind, count


def _converse(content: Content, bucket: str, value: Json, origin: str) -> None:
    """The messages of a generator, or the text that it completes or embeds."""
    if bucket == "outputs":
        _say(content, value, origin)
    else:
        _ask(content, value, origin)
    leave(content, origin, value)


def _say(content: Content, value: Json, origin: str) -> None:
    said = answer(said_of(value))
    if said:
        offer_answer(content, said, origin=origin)
    elif isinstance(value, Mapping) and (found := value.get("embedding")) is not None:
        offer(content, "outputs", "embeddings", [found], origin=origin)


def _ask(content: Content, value: Json, origin: str) -> None:
    asked = asked_of(value)
    offer(content, "inputs", "chat_history", asked or None, origin=origin)
    if isinstance(value, Mapping):
        places = (
            ("tools", "config", "tools"),
            ("generation_kwargs", "config", "generation_kwargs"),
        )
        for name, bucket, place in places if asked else (*_TEXTS, *places):
            if value.get(name):
                offer(content, bucket, place, value[name], origin=f"{origin}.{name}")


def _give(content: Content, bucket: str, value: Json, origin: str) -> None:
    """What a chain or a tool was given and gave; of an agent the last message is its answer."""
    last = value.get("last_message") if isinstance(value, Mapping) else None
    if bucket == "outputs" and isinstance(last, Mapping):
        message = in_normal_form(last)
        if isinstance(message, dict):
            offer_answer(content, message, origin=origin)
        leave(content, origin, value)
    else:
        side = bucket.removesuffix("s")
        given = _without_nulls(value) if isinstance(value, Mapping) else value
        give_members(content, bucket, side, given, origin)


def _keep_objects(content: Content, key: str, value: Any) -> None:
    """A text in which Python wrote objects stays: names of classes and members are in it alone."""
    if isinstance(value, str) and structure(value) is None and literal(value) is not None:
        content.metadata[f"{SPARE}.{key}"] = value


def _without_nulls(value: Mapping[str, Json]) -> Json:
    """Optional arguments that nobody gave say nothing."""
    return {key: item for key, item in value.items() if item is not None}


_GIVE = {True: _converse, False: _give}
