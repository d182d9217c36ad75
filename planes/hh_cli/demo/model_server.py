"""A model server that speaks the OpenAI protocol: chat completions (streaming too), embeddings.

Its answers are a function of the request, so that two runs say the same; how long it takes and
how many tokens it counts look like a real provider's.
"""

import asyncio
import hashlib
import json
import math
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from hh_cli.demo.scenario import PLANNER

Json = dict[str, Any]

OVERLOADED_ORDER = "Z-9999"
"""Whoever mentions it to a large model is turned away once, as busy providers do."""
LARGE_MODELS = ("gpt-4o", "gpt-4.1")
_DIMENSIONS = 64
_CREATED = 1_764_000_000
_ORDER = re.compile(r"[A-Z]-\d{4}")


def application() -> web.Application:
    app = web.Application(client_max_size=4 << 20)
    app.router.add_post("/v1/chat/completions", _chat)
    app.router.add_post("/v1/embeddings", _embeddings)
    return app


@asynccontextmanager
async def _serving() -> AsyncIterator[str]:
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


@contextmanager
def model_server() -> Iterator[str]:
    """The base URL of a server that runs beside the block, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="model-server", daemon=True)
    thread.start()
    serving = _serving()
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
    finally:
        ending = serving.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(ending, loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _chat(request: web.Request) -> web.StreamResponse:
    body: Json = await request.json()
    messages: list[Json] = body["messages"]
    if _turned_away(body):
        error = {"message": "Rate limit reached for this model", "type": "requests", "code": "429"}
        return web.json_response({"error": error}, status=429, headers={"Retry-After": "1"})
    message, reason = _answer(messages, body.get("tools") or [])
    answer = {
        "id": f"chatcmpl-{_digest(body)[:24]}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": f"{body['model']}-2026-08-06",
        "system_fingerprint": "fp_demo",
    }
    usage = _usage(messages, message)
    await asyncio.sleep(_thinking_seconds(body["model"], usage))
    if body.get("stream"):
        return await _streamed(request, body, answer, message, usage)
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    return web.json_response({**answer, "choices": [choice], "usage": usage})


def _turned_away(body: Json) -> bool:
    return body["model"] in LARGE_MODELS and OVERLOADED_ORDER in json.dumps(body["messages"][-1])


def _answer(messages: Sequence[Json], tools: Sequence[Json]) -> tuple[Json, str]:
    last = messages[-1]
    if messages[0].get("content") == PLANNER:
        return _said(json.dumps(_plan(str(last["content"])))), "stop"
    if last["role"] == "user" and tools:
        call = _tool_call(str(last["content"]))
        if call is not None:
            return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    if last["role"] == "tool":
        return _said(_about(json.loads(last["content"]))), "stop"
    return _said(_from_knowledge(messages)), "stop"


def _said(text: str) -> Json:
    return {"role": "assistant", "content": text, "refusal": None}


def _plan(request: str) -> list[str]:
    steps = ["search the knowledge base"]
    if _ORDER.search(request):
        steps.append("look up the order")
    if "return" in request.lower():
        steps.append("open a return")
    return [*steps, "answer the customer"]


def _tool_call(request: str) -> Json | None:
    order = _ORDER.search(request)
    if order is None or "send it back" in request:
        return None
    arguments = {"order_id": order.group()}
    name = "look_up_order"
    if "open the return" in request:
        name, arguments["reason"] = "open_return", request.rpartition("reason: ")[2].strip(".")
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call_{_digest(arguments)[:16]}", "type": "function", "function": function}


def _about(result: Json) -> str:
    if "error" in result:
        return "I could not find that order. Could you check its number, please?"
    if "return_id" in result:
        return f"Done: your return {result['return_id']} is open, a label is on its way to you."
    if result["eta_days"]:
        return (
            f"Your {result['item']} is {result['status']}; "
            f"it should be with you in {result['eta_days']} days."
        )
    return f"Your {result['item']} was {result['status']}."


def _from_knowledge(messages: Sequence[Json]) -> str:
    facts = [str(item["content"]) for item in messages if item["role"] == "system"][1:]
    text = facts[0].partition(": ")[2] if facts else "I will ask a colleague and come back to you."
    return f"Good question. {text} Is there anything else I can do for you?"


async def _streamed(
    request: web.Request, body: Json, answer: Json, message: Json, usage: Json
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = {**answer, "object": "chat.completion.chunk"}
    for delta in [{"role": "assistant", "content": ""}, *_pieces(str(message["content"]))]:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        await _send(response, {**head, "choices": [choice]})
        await asyncio.sleep(0.004)
    await _send(response, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        await _send(response, {**head, "choices": [], "usage": usage})
    await response.write(b"data: [DONE]\n\n")
    return response


def _pieces(text: str) -> Iterator[Json]:
    for piece in re.findall(r"\S+\s*", text):
        yield {"content": piece}


async def _send(response: web.StreamResponse, chunk: Json) -> None:
    await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


async def _embeddings(request: web.Request) -> web.Response:
    body: Json = await request.json()
    texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
    await asyncio.sleep(0.01)
    data = [
        {"object": "embedding", "index": index, "embedding": embedding(str(text))}
        for index, text in enumerate(texts)
    ]
    count = sum(_tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": count, "total_tokens": count}
    return web.json_response(
        {"object": "list", "data": data, "model": body["model"], "usage": usage}
    )


def embedding(text: str) -> list[float]:
    """A bag of words, hashed: texts that share words are near each other."""
    vector = [0.0] * _DIMENSIONS
    for word in re.findall(r"[a-z]{3,}", text.lower()):
        vector[int(hashlib.sha256(word[:5].encode()).hexdigest(), 16) % _DIMENSIONS] += 1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _usage(messages: Sequence[Json], message: Mapping[str, Any]) -> Json:
    prompt = sum(_tokens(json.dumps(item)) for item in messages)
    completion = _tokens(json.dumps(message))
    cached = prompt // 4 if len(messages) > 4 else 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _tokens(text: str) -> int:
    return max(1, round(len(text) / 4))


def _thinking_seconds(model: str, usage: Mapping[str, int]) -> float:
    per_token = 0.0012 if model in LARGE_MODELS else 0.0006
    return float(min(0.25, 0.02 + per_token * usage["completion_tokens"]))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
