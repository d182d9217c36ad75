"""OpenLLMetry (Traceloop): ``traceloop.*`` and its older ``llm.*`` beside OTel GenAI.

https://github.com/traceloop/openllmetry
"""

from functools import partial

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.paths import nested
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.placing import give, give_all, numbered
from hh_mappers.reading import integer, plain, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large, tokens, under

_MARKS = frozenset(
    {
        "traceloop.span.kind",
        "traceloop.workflow.name",
        "traceloop.entity.name",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.user_id",
        "llm.request.type",
        "llm.usage.total_tokens",
        "gen_ai.task.input",
        "gen_ai.task.output",
    }
)
_KINDS = (
    Kind("traceloop.span.kind", (("workflow", "chain"), ("agent", "chain"), ("tool", "tool"))),
    Kind(
        "llm.request.type",
        tuple((name, "model") for name in ("chat", "completion", "embedding", "rerank")),
    ),
)
_TASK = Kind("traceloop.span.kind", (("task", "chain"),))
"""The weakest sign: the HoneyHive SDK's default tells more."""
_ASSOCIATION = "traceloop.association.properties."
_FUNCTIONS = "llm.request.functions."
_ROUTES = Routes(
    {
        _ASSOCIATION + "session_id": Route(text, fact="session_id"),
        _ASSOCIATION + "user_id": Route(text, "user_properties.user_id"),
        _ASSOCIATION + "source": Route(text, "source"),
        "llm.usage.total_tokens": tokens("total_tokens", integer),
        "traceloop.entity.input": LARGE,
        "traceloop.entity.output": LARGE,
        "gen_ai.task.input": LARGE,
        "gen_ai.task.output": LARGE,
    },
    {_ASSOCIATION: under("metadata", plain), _FUNCTIONS: large},
)


class OpenLlmetry(Prepared):
    name = "openllmetry"
    rank = 30

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys):
            return None
        known = _KINDS if "honeyhive_event_type" in keys else (*_KINDS, _TASK)
        rules = _ROUTES.rules(keys, kinds=tuple(kind for kind in known if kind.key in keys))
        is_both = "honeyhive_event_type" in keys and "traceloop.span.kind" in keys
        return partial(_tell, rules) if is_both else rules

    def content(self, span: Span, content: Content) -> None:
        for side, bucket in (("input", content.inputs), ("output", content.outputs)):
            for key in (f"traceloop.entity.{side}", f"gen_ai.task.{side}"):
                if key in span.attributes:
                    give_all(bucket, unpacked(span.attributes[key]), side, origin=key)
        functions = nested([("n." + k, v) for k, v in numbered(span.attributes, _FUNCTIONS)])
        give(content.inputs, "tools", functions.get("n"), origin=_FUNCTIONS[:-1])


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    if not facts.event_type and span.attributes.get("traceloop.span.kind") == "task":
        is_tool = span.attributes.get("honeyhive_event_type") == "tool"
        facts.event_type = "tool" if is_tool else "chain"
