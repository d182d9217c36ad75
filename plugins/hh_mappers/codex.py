"""Codex' command line: a turn tells the sum of its requests, which tell their own as OTel GenAI.

https://developers.openai.com/codex/config-advanced#observability-and-telemetry
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.reading import integer
from hh_mappers.routes import Prepared, Routes, tokens

_TURN = "codex.turn."
_USAGE = _TURN + "token_usage."
_CHAIN = Kind("", (), "chain")
_ROUTES = Routes(
    {
        _USAGE + "input_tokens": tokens("prompt_tokens", integer),
        _USAGE + "output_tokens": tokens("completion_tokens", integer),
        _USAGE + "total_tokens": tokens("total_tokens", integer),
        _USAGE + "cached_input_tokens": tokens("cache_read_tokens", integer),
        _USAGE + "cache_write_input_tokens": tokens("cache_write_tokens", integer),
        _USAGE + "reasoning_output_tokens": tokens("reasoning_tokens", integer),
    },
    {},
)


class Codex(Prepared):
    name = "codex"
    rank = 39

    def prepare(self, keys: Keys) -> Step | None:
        is_turn = any(key.startswith(_TURN) for key in keys)
        return _ROUTES.rules(keys, kinds=(_CHAIN,)) if is_turn else None

    def content(self, span: Span, content: Content) -> None:
        """Everything here is small: ``facts`` has placed it."""
