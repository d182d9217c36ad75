"""Claude Code's own traces: ``span.type`` and bare names, beside a few of OTel GenAI's.

https://code.claude.com/docs/en/monitoring-usage#traces-beta. ``input_tokens`` is the count of
Anthropic's API, which leaves out what was read from and written to caches.
"""

from functools import partial
from typing import Any

from hh_core.domain.enrichment import OTHER_ERROR
from hh_core.domain.event import Content, Facts, Step
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.bodies import give_arguments
from hh_mappers.genai_content import said
from hh_mappers.leftovers import leave_attributes
from hh_mappers.messages import chat_history
from hh_mappers.placing import offer
from hh_mappers.reading import integer, number, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, tokens

_KIND = Kind(
    "span.type",
    (
        ("llm_request", "model"),
        ("interaction", "chain"),
        *((kind, "tool") for kind in ("tool", "tool.execution", "hook")),
        ("tool.blocked_on_user", "chain"),
    ),
)
_ASKED, _SAID = "user_prompt", "response.model_output"
_ARGUMENTS = ("tool_input", "full_command", "file_path")
_OUTPUT = "tool.output"
"""The span event that has what a tool answered."""
_ROUTES = Routes(
    {
        "model": Route(text, "config.model", fact="model"),
        "input_tokens": tokens("uncached_prompt_tokens", integer),
        "output_tokens": tokens("completion_tokens", integer),
        "cache_read_tokens": tokens("cache_read_tokens", integer),
        "cache_creation_tokens": tokens("cache_write_tokens", integer),
        "ttft_ms": Route(number, "metrics.time_to_first_token_ms"),
        "tool_name": Route(text, "metadata.tool_name"),
        "tool_use_id": Route(text, "metadata.tool_call_id"),
        **dict.fromkeys((_ASKED, _SAID, *_ARGUMENTS), LARGE),
    },
    {},
)


class ClaudeCode(Prepared):
    name = "claude-code"
    rank = 37

    def prepare(self, keys: Keys) -> Step | None:
        if _KIND.key not in keys:
            return None
        rules = _ROUTES.rules(keys, kinds=(_KIND,))
        return partial(_tell, rules) if "success" in keys else rules

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        if prompt := text(attributes.get(_ASKED)):
            offer(content, "inputs", "input", prompt, origin=_ASKED)
        for key in _ARGUMENTS:
            if key in attributes:
                value = unpacked(attributes[key])
                given = value if isinstance(value, dict) else {key: value}
                give_arguments(content, given, origin=key)
        leave_attributes(content, attributes, (_ASKED,))
        if _SAID in attributes:
            said(content, chat_history(attributes[_SAID], role="assistant"), origin=_SAID)
        for event in span.events:
            if event.name == _OUTPUT:
                told = dict(event.attributes)
                found = unpacked(told["content"]) if told.keys() == {"content"} else told
                offer(content, "outputs", "result", found, origin="")
        if content.error is None and _has_failed(attributes.get("success")):
            content.error = text(attributes.get("error"))


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    if _has_failed(span.attributes.get("success")):
        facts.error_class = facts.error_class or OTHER_ERROR


def _has_failed(success: Any) -> bool:
    return success is False or success == "false"
