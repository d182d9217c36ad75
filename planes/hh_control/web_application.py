"""The web application at the control plane's address: its page at every path of its own, and files.

The page may run its own scripts and nothing else, and talk to this plane and to the data planes of
whoever opened it (SECURITY H62). To others their data planes' names are not told: after signing in,
or when a project on another data plane is added, the page has to be loaded anew.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from hh_control.errors import Handler
from hh_control.pages import unbuilt_page
from hh_control.routing import Authentication
from hh_control.web_build import ASSETS, File, WebBuild
from hh_core.domain.authority import Person
from hh_core.errors import HHError
from hh_core.usecases.data_plane_health import DataPlaneUrls

log = logging.getLogger(__name__)

_NO_PAGES = (ASSETS, "/v1/", "/.well-known/")
"""Below these stand answers to programs; what is missing there is missing."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class WebApplication:
    def __init__(
        self, build: WebBuild, authentication: Authentication, urls: DataPlaneUrls
    ) -> None:
        self._build = build
        self._authentication = authentication
        self._urls = urls

    async def page(self, request: web.Request) -> web.Response:
        build = self._build.now()
        if build is None:
            return unbuilt_page()
        nonce = secrets.token_urlsafe(16)
        policy = content_policy(nonce, await self._data_planes(request))
        headers = {hdrs.CACHE_CONTROL: _ASK_AGAIN, "Content-Security-Policy": policy}
        return web.Response(text=build.page(nonce), content_type="text/html", headers=headers)

    @web.middleware
    async def otherwise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A file or the page, where no route is."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
                raise
            build = self._build.now()
            if build is not None and (file := build.files.get(request.path)) is not None:
                return _sent(file)
            if not _is_for_a_page(request):
                raise
            return await self.page(request)

    async def _data_planes(self, request: web.Request) -> Sequence[str]:
        """Of whoever asks; none if nobody is signed in, or if it cannot be known now: the page
        itself says why it cannot go on."""
        try:
            presented = await self._authentication(request)
            if presented is None or not isinstance(presented.caller, Person):
                return ()
            return await self._urls.of_projects(presented.caller.roles)
        except HHError as error:
            log.debug("a page names no data plane: %s", type(error).__name__)
            return ()


def content_policy(nonce: str, data_planes: Sequence[str]) -> str:
    """The page's Content-Security-Policy (https://www.w3.org/TR/CSP3/), with Trusted Types."""
    directives: Mapping[str, Sequence[str]] = {
        "default-src": ("'self'",),
        "script-src": ("'self'",),
        "connect-src": ("'self'", *data_planes),
        "img-src": ("'self'", "data:", "blob:"),
        "style-src": ("'self'", f"'nonce-{nonce}'"),
        "object-src": ("'none'",),
        "base-uri": ("'none'",),
        "form-action": ("'none'",),
        "frame-ancestors": ("'none'",),
        "require-trusted-types-for": ("'script'",),
        "trusted-types": ("default",),
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _is_for_a_page(request: web.Request) -> bool:
    takes_pages = "text/html" in request.headers.get(hdrs.ACCEPT, "").lower()
    return takes_pages and not request.path.startswith(_NO_PAGES)


def _sent(file: File) -> web.FileResponse:
    """Compressed as the build left it, if the client takes that. Files are public, and each name
    below ``assets`` is of one content for ever."""
    return web.FileResponse(
        file.path,
        headers={
            hdrs.CONTENT_TYPE: file.content_type,
            hdrs.CACHE_CONTROL: _FOREVER if file.is_immutable else _ASK_AGAIN,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        },
    )
