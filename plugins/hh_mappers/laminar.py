"""Laminar (``lmnr``): ``lmnr.span.*`` and ``lmnr.association.properties.*`` beside GenAI's.

https://docs.laminar.sh, https://github.com/lmnr-ai/lmnr-python (``tracing/attributes.py``)
"""

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.rules import Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.leftovers import give_members, leave
from hh_mappers.messages import answer
from hh_mappers.openinference_content import is_conversation
from hh_mappers.placing import offer, offer_answer
from hh_mappers.reading import parsed, plain, text, unpacked
from hh_mappers.requests import asked_of, said_of
from hh_mappers.routes import LARGE, Prepared, Route, Routes, under

_TYPE = "lmnr.span.type"
_ASSOCIATION = "lmnr.association.properties."
_MARK = "lmnr."
_MODELS = (("LLM", "model"), ("CACHED", "model"))
_TYPES = (
    *_MODELS,
    *((name, "tool") for name in ("TOOL", "EVALUATOR", "HUMAN_EVALUATOR", "EVENT")),
    *((name, "chain") for name in ("DEFAULT", "PIPELINE", "EXECUTOR", "EVALUATION")),
)
_ROUTES = Routes(
    {
        _ASSOCIATION + "session_id": Route(text, fact="session_id"),
        _ASSOCIATION + "user_id": Route(text, "user_properties.user_id"),
        _ASSOCIATION + "tags": Route(plain, "metadata.tags"),
        "lmnr.span.input": LARGE,
        "lmnr.span.output": LARGE,
    },
    {
        _ASSOCIATION + "metadata.": under("metadata", plain),
        _ASSOCIATION: under("metadata", plain),
    },
)


class Laminar(Prepared):
    """It says least of calls of models, so GenAI's conventions are asked before."""

    name = "laminar"
    rank = 80

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_MARK) for key in keys):
            return None
        return _ROUTES.rules(keys, kinds=(Kind(_TYPE, _TYPES),) if _TYPE in keys else ())

    def content(self, span: Span, content: Content) -> None:
        is_model = str(span.attributes.get(_TYPE)) in dict(_MODELS)
        for side, bucket in (("input", "inputs"), ("output", "outputs")):
            key = f"lmnr.span.{side}"
            value = _value(span.attributes.get(key))
            if value is None:
                continue
            if is_model and not is_conversation(content, bucket):
                _converse(content, side, value, key)
            if is_model or is_conversation(content, bucket):
                leave(content, key, value)
            else:
                give_members(content, bucket, side, value, key)


def _value(value: Json) -> Json:
    """Values are JSON, texts in quotes."""
    if type(value) is str and (value == "null" or value[:1] == '"'):
        return parsed(value)
    return unpacked(value)


def _converse(content: Content, side: str, value: Json, origin: str) -> None:
    if side == "output":
        offer_answer(content, answer(said_of(value)), origin=origin)
    elif messages := asked_of(value):
        offer(content, "inputs", "chat_history", messages, origin=origin)
    elif isinstance(value, str):
        offer(content, "inputs", "prompt", value, origin=origin)
