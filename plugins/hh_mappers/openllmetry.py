"""OpenLLMetry (Traceloop): ``traceloop.*`` and its older ``llm.*`` beside OTel GenAI.

https://github.com/traceloop/openllmetry
"""

from functools import partial

from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.paths import nested
from hh_core.domain.span import Keys, Span
from hh_mappers.placing import give, give_all, numbered
from hh_mappers.reading import integer, plain, text, unpacked
from hh_mappers.routes import LARGE, Plan, Prepared, Route, Routes, follow, large, tokens, under

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
_KINDS = {"workflow": "chain", "agent": "chain", "tool": "tool"}
_REQUESTS = {"chat": "model", "completion": "model", "embedding": "model", "rerank": "model"}
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
        return None if _MARKS.isdisjoint(keys) else partial(_tell, _ROUTES.plan(keys))

    def content(self, span: Span, content: Content) -> None:
        for side, bucket in (("input", content.inputs), ("output", content.outputs)):
            for key in (f"traceloop.entity.{side}", f"gen_ai.task.{side}"):
                if key in span.attributes:
                    give_all(bucket, unpacked(span.attributes[key]), side, origin=key)
        functions = nested([("n." + k, v) for k, v in numbered(span.attributes, _FUNCTIONS)])
        give(content.inputs, "tools", functions.get("n"), origin=_FUNCTIONS[:-1])


def _tell(plan: Plan, span: Span, facts: Facts) -> None:
    follow(plan, span, facts)
    if not facts.event_type:
        get = span.attributes.get
        facts.event_type = _KINDS.get(str(get("traceloop.span.kind")), "") or _REQUESTS.get(
            str(get("llm.request.type")), ""
        )
    if not facts.event_type and span.attributes.get("traceloop.span.kind") == "task":
        # the weakest sign: the HoneyHive SDK's default tells more
        is_tool = span.attributes.get("honeyhive_event_type") == "tool"
        facts.event_type = "tool" if is_tool else "chain"
