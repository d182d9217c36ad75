"""What strangers send at its longest: names without a space, in all directions, megabytes."""

from dataclasses import dataclass

from embedded import Embedded

from explorer.traffic import Span, send, until_found

WORD = "quarterly_reconciliation_of_supplier_invoices." * 9
"""One word of 400 characters: nothing in it tells where a line may end."""
RTL = "إعادة_حساب_الفواتير_الفصلية_" * 14
CJK = "四半期ごとの請求書の照合を東京支社の倉庫で行う" * 12
EMOJI = "🎹👩🏽‍🔧🚚🇯🇵" * 40
SILENT = "a-session-without-content"
PROJECT = ("data-platform." * 9)[:120]
_PROMPT = "Please go through every line of this invoice and tell me what does not add up. "
_PROMPT_CHARS = 1_000_000
_ERROR_CHARS = 5_000
_KEPT_BYTES = 250
"""Longer names of models, people and fields are content: lists do not show them."""
_BIG = 98_765_432


@dataclass(frozen=True, slots=True)
class LongSession:
    session: str
    call: str
    """A model call with a prompt of a megabyte."""
    failed: str
    """A model call whose error is as long as an error gets."""


def send_long(project: Embedded) -> LongSession:
    """A session for each script, and one without content; returns when all can be read."""
    for name in (EMOJI, CJK, RTL):
        send(project, *_session(name))
    spans = _session(WORD)
    send(project, *spans)
    send(project, Span("nothing said", {"session.id": SILENT}))
    until_found(project, {"event_type": "session"}, 5)
    calls = [
        one
        for one in until_found(project, {"session_id": WORD}, len(spans))
        if one["event_type"] == "model"
    ]
    call, failed = sorted(calls, key=lambda one: one["event_name"])
    return LongSession(WORD, call["event_id"], failed["event_id"])


def _session(name: str) -> list[Span]:
    kept = _kept(name)
    whose = {
        "session.id": name,
        "session.name": name,
        "user.id": kept,
        kept[:60]: kept,
    }
    root = Span(name, {**whose, "input.value": name, "output.value": name}, start=9_000)
    call = Span(f"chat {name}", {**whose, **_call(name)}, root, start=8_500, end=3_000)
    tool = Span(f"tool {name}", {**whose, **_tool(name)}, call, start=7_000, end=6_000)
    deep = [tool]
    for _ in range(14):
        deep.append(Span(name, whose, deep[-1], start=6_900, end=6_100))
    message = f"{name}: " + "the supplier's ledger refused the line; " * 200
    failed = Span(
        f"failed {name}",
        {**whose, **_call(name)},
        root,
        start=2_500,
        error=message[:_ERROR_CHARS],
        events=[
            ("exception", {"exception.type": name, "exception.stacktrace": f"  at {name}\n" * 30})
        ],
    )
    return [root, call, *deep, failed]


def _kept(name: str) -> str:
    return name.encode()[:_KEPT_BYTES].decode(errors="ignore")


def _call(name: str) -> dict[str, object]:
    prompt = _PROMPT * (_PROMPT_CHARS // len(_PROMPT))
    asked = [("system", name), ("user", prompt)]
    said = [{"type": "text", "content": name}, _request(name)]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _kept(name),
        "gen_ai.request.model": _kept(name),
        "gen_ai.usage.input_tokens": _BIG,
        "gen_ai.usage.output_tokens": _BIG,
        "gen_ai.input.messages": [
            {"role": role, "parts": [{"type": "text", "content": text}]} for role, text in asked
        ],
        "gen_ai.output.messages": [{"role": "assistant", "parts": said}],
    }


def _request(name: str) -> dict[str, object]:
    return {"type": "tool_call", "id": name, "name": name, "arguments": {name: name}}


def _tool(name: str) -> dict[str, object]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.arguments": {name: name},
        "gen_ai.tool.call.result": {name: [name, 1, {name: None}]},
    }
