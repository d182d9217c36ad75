"""How long a client is prepared to wait: ``Prefer: wait=N`` (RFC 7240, section 4.3).

Answers are what the index knows by then. One that lacks what was just acknowledged says
``behind``, as any other does.
"""

import math
import re
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

_PREFER = "Prefer"
_APPLIED = "Preference-Applied"
_PREFERENCES = re.compile(r'((?:[^",]|"(?:[^"\\]|\\.)*"?)*),?')
"""One of a list, with its parameters; commas in quoted texts part nothing (RFC 9110, 5.6.1)."""
_WAIT = re.compile(r'\s*wait\s*=\s*("?)(\d+)\1\s*(?:;.*)?', re.ASCII | re.IGNORECASE | re.DOTALL)
_IS_WAIT = re.compile(r"\s*wait\s*(?:[=;]|$)", re.IGNORECASE)
_DIGITS = 9
_NONE = -1
_SECONDS: web.RequestKey[int] = web.RequestKey("wait_seconds", int)
"""Where a request keeps what its answer says of it; below 0: nothing."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wait_seconds(headers: Iterable[str]) -> int | None:
    """What the values of ``Prefer`` say, the first of its kind; None: nothing that can be read,
    which is passed over as a preference may be (RFC 7240, section 2)."""
    preferences = (found[1] for header in headers for found in _PREFERENCES.finditer(header))
    first = next((text for text in preferences if _IS_WAIT.match(text)), None)
    found = None if first is None else _WAIT.fullmatch(first)
    return None if found is None else int(found[2][:_DIGITS])


def preferred_wait(request: web.Request, most: float) -> float | None:
    """Seconds that this answer may take to catch up, at most ``most``; None: the client leaves
    it to us. The answer will say what was applied, in whole seconds."""
    told = wait_seconds(request.headers.getall(_PREFER, ()))
    if told is None:
        return None
    request[_SECONDS] = min(told, math.ceil(most))
    return min(told, most)


@web.middleware
async def telling_preferences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say which preference was applied, in errors too: ``behind`` is one."""
    answer = await handler(request)
    if (seconds := request.get(_SECONDS, _NONE)) != _NONE:
        answer.headers[_APPLIED] = f"wait={seconds}"
    return answer
