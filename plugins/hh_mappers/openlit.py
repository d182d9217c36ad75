"""OpenLIT's own names beside GenAI's conventions.

https://github.com/openlit/openlit (``openlit/semcov``)
"""

import re
from functools import partial

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.rules import Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.leftovers import give_members, leave
from hh_mappers.literals import structure, unpacked_literal
from hh_mappers.messages import Message, chat_history
from hh_mappers.openinference_content import is_conversation
from hh_mappers.reading import integer, plain, unpacked, unquoted
from hh_mappers.routes import LARGE, Prepared, Route, Routes, tokens

_ARGUMENTS = "gen_ai.tool.args"
_WORKFLOW = (
    ("gen_ai.workflow.input", "input", "inputs"),
    ("gen_ai.workflow.output", "output", "outputs"),
)
"""Of chains of LangChain."""
_ROUTES = Routes(
    {
        "gen_ai.client.token.usage": tokens("total_tokens", integer),
        **dict.fromkeys((_ARGUMENTS, *(key for key, *_ in _WORKFLOW)), LARGE),
        "gen_ai.request.is_stream": Route(plain, "config.stream"),
        "gen_ai.request.stream": Route(plain, "config.stream"),
    },
    {},
)
_MARKS = frozenset({"gen_ai.client.token.usage", _ARGUMENTS, "gen_ai.request.is_stream"})
_MARKS |= {"gen_ai.sdk.version", "telemetry.sdk.name"}
"""The last two are of all its spans; OpenTelemetry has the second on resources only."""
_OPERATIONS = {"workflow": "chain", "tool": "tool", "retriever": "tool"}
_ROLE = re.compile(r"^(system|developer|user|assistant|tool|function): ", re.MULTILINE)


class OpenLit(Prepared):
    name = "openlit"
    rank = 60

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        is_old = "gen_ai.system" in keys and "gen_ai.operation.name" in keys
        is_call = "gen_ai.request.is_stream" in keys
        rules = _ROUTES.rules(keys)
        return partial(_tell, rules) if is_old and not is_call else rules

    def content(self, span: Span, content: Content) -> None:
        """Arguments: of a tool that runs, or of those that a model has called."""
        if span.attributes.get("telemetry.sdk.name") == "openlit":
            _unjoin(content)
            for key, side, bucket in _WORKFLOW:
                if key in span.attributes:
                    value = unquoted(span.attributes[key])
                    give_members(content, bucket, side, unpacked_literal(value), key)
        if _ARGUMENTS not in span.attributes:
            return
        value = unpacked(span.attributes[_ARGUMENTS])
        if is_conversation(content, "inputs") or is_conversation(content, "outputs"):
            leave(content, _ARGUMENTS, value)
        else:
            give_members(content, "inputs", "arguments", value, _ARGUMENTS)


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    """Releases up to 1.35 name the operation by the whole name of LangChain's span."""
    rules(span, facts)
    operation, _, what = str(span.attributes["gen_ai.operation.name"]).partition(" ")
    if what and operation in _OPERATIONS:
        facts.event_type = _OPERATIONS[operation]


def _unjoin(content: Content) -> None:
    """The messages, and the texts to embed, that releases before 1.34 join to one text.

    ``system: …`` and ``user: …``, each from the beginning of a line; lists as Python writes them.
    """
    match content.inputs.get("chat_history"):
        case [{"role": "user", "content": str(text)}] if _ROLE.match(text):
            content.inputs["chat_history"] = chat_history(_split(text), role="user")
    match content.inputs.get("input"):
        case str(text) if isinstance(texts := structure(text), list):
            content.inputs["input"] = texts


def _split(text: str) -> list[Message]:
    _, *told = _ROLE.split(text)
    pairs = zip(told[::2], told[1::2], strict=True)
    return [{"role": role, "content": said.removesuffix("\n")} for role, said in pairs]
