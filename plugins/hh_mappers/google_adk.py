"""Google's Agent Development Kit: whole requests and responses under ``gcp.vertex.agent.*``.

``llm_request`` is ``{model, config: {system_instruction, tools, …}, contents}`` as the Gemini API
takes it, ``llm_response`` is ``{content, finish_reason, usage_metadata}`` as it answers, both as
JSON text; ``{}`` where content is not captured. https://google.github.io/adk-docs/observability/
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.rules import Rules
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.genai_content import asked, said, with_instructions
from hh_mappers.messages import chat_history
from hh_mappers.placing import offer, offer_arguments, spare
from hh_mappers.reading import text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes
from hh_mappers.usage import count_in

_PREFIX = "gcp.vertex.agent."
_REQUEST, _RESPONSE = _PREFIX + "llm_request", _PREFIX + "llm_response"
_ARGUMENTS, _RESULT = _PREFIX + "tool_call_args", _PREFIX + "tool_response"
_ROUTES = Routes(
    {
        _PREFIX + "session_id": Route(text, "metadata.conversation_id", fact="session_id"),
        **dict.fromkeys((_REQUEST, _RESPONSE, _ARGUMENTS, _RESULT), LARGE),
    },
    {},
)
_KIND = "openinference.span.kind"
_AGENT = "invoke_agent "
_ABSENT = frozenset({"", "N/A", "<not serializable>"})


class GoogleAdk(Prepared):
    name = "google-adk"
    rank = 52

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_PREFIX) for key in keys):
            return None
        is_old = _RESPONSE in keys and not any(key.startswith("gen_ai.usage.") for key in keys)
        rules = _ROUTES.rules(keys)
        return partial(_tell, rules) if is_old or _KIND in keys else rules

    def content(self, span: Span, content: Content) -> None:
        _request(span.attributes, content)
        response = _object(span.attributes, _RESPONSE, content)
        if response is not None:
            answers = chat_history(response.get("content"), role="assistant")
            for message in answers[:1]:
                if reason := response.get("finish_reason", response.get("finishReason")):
                    message.setdefault("finish_reason", reason)
            said(content, answers, origin=_RESPONSE)
            _keep(content, _RESPONSE, response, ("content",))
        if _is_told(span.attributes.get(_ARGUMENTS)):
            value = unpacked(span.attributes[_ARGUMENTS])
            offer_arguments(content, value, origin=_ARGUMENTS)
        if _is_told(span.attributes.get(_RESULT)):
            offer(content, "outputs", "result", unpacked(span.attributes[_RESULT]), origin=_RESULT)


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    """The first releases tell counts of tokens in the response alone.

    OpenInference writes each call of a model over the span of the agent that makes it, kind
    included, where the kit has no span of its own for it: what is left tells the last of them.
    """
    rules(span, facts)
    if _KIND not in span.attributes:
        count_in(span, facts, _RESPONSE, "usage_metadata")
    elif span.name.startswith(_AGENT):
        facts.event_type = "chain"


def _request(attributes: Attributes, content: Content) -> None:
    request = _object(attributes, _REQUEST, content)
    if request is None:
        return
    config = request.get("config")
    settings = config if isinstance(config, Mapping) else {}
    system = chat_history(settings.get("system_instruction"), role="system")
    history = chat_history(request.get("contents"), role="user")
    asked(content, with_instructions(system, history), origin=_REQUEST, operation=None)
    offer(content, "config", "tools", settings.get("tools"), origin="")
    rest = {k: v for k, v in settings.items() if k not in ("system_instruction", "tools")}
    _keep(content, _REQUEST, {**request, "config": rest}, ("contents",))


def _object(attributes: Attributes, key: str, content: Content) -> Mapping[str, Json] | None:
    """The object that an attribute holds; anything else is kept as it is."""
    value = unpacked(attributes.get(key))
    if isinstance(value, Mapping):
        return value or None
    if _is_told(value):
        spare(content, key, value)
    return None


def _keep(content: Content, key: str, found: Mapping[str, Json], without: tuple[str, ...]) -> None:
    """What the request or response says besides its messages."""
    rest = {name: item for name, item in found.items() if name not in without and item}
    if rest:
        content.metadata[f"attributes.{key}"] = rest


def _is_told(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and value in _ABSENT)
