"""Cloudflare's AI Gateway: ``gen_ai.prompt_json`` and ``gen_ai.completion_json``.

https://developers.cloudflare.com/ai-gateway/observability/otel-integration/
"""

from hh_core.domain.span import Attributes
from hh_mappers.reading import name
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import EMBEDDING, Whole

_GATEWAY_KINDS = {"chat": "model", "text_completion": "model", "embeddings": EMBEDDING}
_ASKED, _ANSWERED = ("gen_ai.prompt_json",), ("gen_ai.completion_json",)
_GATEWAY = Routes(
    {
        "gen_ai.model.provider": Route(name, "config.provider", fact="provider"),
        **dict.fromkeys((*_ASKED, *_ANSWERED), LARGE),
    },
    {},
)


class AiGateway(Whole):
    name = "ai_gateway"
    rank = 36
    kind = "gen_ai.operation.name"
    kinds = _GATEWAY_KINDS
    inputs = _ASKED
    outputs = _ANSWERED
    marks = frozenset((*_ASKED, *_ANSWERED))
    routes = _GATEWAY

    def kind_of(self, attributes: Attributes) -> str:
        return super().kind_of(attributes) or "model"
