"""What either plane's API answers when a port refuses."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hh_control.errors import errors_as_json as of_control
from hh_core.errors import HHError, OverloadedError, TooWideError
from hh_data.api.errors import errors_as_json as of_data


@pytest.mark.parametrize("middleware", [of_control, of_data])
def test_what_will_never_pass_is_not_said_to_pass_later(middleware: Callable[..., Any]) -> None:
    status, headers, message = _answer(middleware, TooWideError("narrow it by dateRange"))
    assert (status, message) == (422, "narrow it by dateRange")
    assert "Retry-After" not in headers

    status, headers, _ = _answer(middleware, OverloadedError("no memory", retry_after=3))
    assert (status, headers["Retry-After"]) == (503, "3")


def _answer(middleware: Callable[..., Any], error: HHError) -> tuple[int, Mapping[str, str], str]:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise error

    async def main() -> web.Response:
        answer = await middleware(make_mocked_request("POST", "/"), refuse)
        assert isinstance(answer, web.Response)
        return answer

    answer = asyncio.run(main())
    assert isinstance(answer.body, bytes)
    return answer.status, answer.headers, orjson.loads(answer.body)["message"]
