"""Pages of other origins that may ask this plane from a browser, such as the web application.

CORS (https://fetch.spec.whatwg.org/#http-cors-protocol). What counts is the token in a header, as
for any client: cookies are neither read nor allowed. A page of an origin that is not named gets its
answers too, and its browser keeps them from the page.
"""

from collections.abc import Collection, Mapping

from aiohttp import hdrs, web

_HEADERS: web.RequestKey[Mapping[str, str]] = web.RequestKey("browser_headers", Mapping)
"""Where a request keeps what its answer says to a browser."""
_PREFLIGHT = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, DELETE",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ", ".join(
        ("Authorization", "Content-Type", "If-None-Match", "Prefer", "X-HH-Project-Id")
    ),
    hdrs.ACCESS_CONTROL_MAX_AGE: "7200",
}


class Browsers:
    def __init__(self, origins: Collection[str]) -> None:
        """``origins`` as browsers write them: ``https://traces.example``."""
        self._origins = frozenset(origins)

    def greet(self, request: web.BaseRequest) -> web.Response | None:
        """Remember what the answer must say, for ``tell_browser``. If a browser only asks whether
        it may ask: the answer."""
        headers = request[_HEADERS] = self._headers(request)
        is_preflight = (
            request.method == hdrs.METH_OPTIONS
            and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
            and hdrs.ACCESS_CONTROL_ALLOW_ORIGIN in headers
        )
        return web.Response(status=204, headers=_PREFLIGHT) if is_preflight else None

    def _headers(self, request: web.BaseRequest) -> Mapping[str, str]:
        origin = request.headers.get(hdrs.ORIGIN)
        if not self._origins:
            return {}
        if origin is None or origin not in self._origins:
            return {hdrs.VARY: hdrs.ORIGIN}
        return {
            hdrs.VARY: hdrs.ORIGIN,
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
            hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: f"{hdrs.RETRY_AFTER}, Preference-Applied",
        }


def tell_browser(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """To be called before the head of ``answer`` is sent; a second time does nothing."""
    if not answer.prepared:
        answer.headers.update(request.get(_HEADERS, {}))
