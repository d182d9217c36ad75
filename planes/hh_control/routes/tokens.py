"""Tokens of programs: refresh them, get one for a data plane, and the keys that verify them."""

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from hh_control.answers import given
from hh_control.authentication import ControlAuthentication
from hh_control.bodies import Fields, read_fields
from hh_control.errors import answered
from hh_control.routes.sign_in import tokens_of
from hh_control.routing import Call, Route
from hh_control.token_signer import TokenKeys, jwks
from hh_core.domain.identity import parse_uuid
from hh_core.errors import RejectedError
from hh_core.usecases.access_tokens import (
    CONTROL,
    DATA_PLANE,
    MAX_PROJECTS,
    AccessTokens,
    RefreshTokens,
)
from hh_core.usecases.data_plane_health import DataPlaneUrls
from hh_runtime.denials import UnauthenticatedError


class TokenRoutes:
    def __init__(
        self,
        tokens: AccessTokens,
        refresh_tokens: RefreshTokens,
        authentication: ControlAuthentication,
        keys: TokenKeys,
        urls: DataPlaneUrls,
    ) -> None:
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._authentication = authentication
        self._keys = keys
        self._urls = urls

    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/v1/tokens/refresh", "refresh_token", self.refresh),
            Route("POST", "/v1/tokens", "issue_token", self.issue),
            Route("GET", "/.well-known/jwks.json", "jwks", self.jwks),
        )

    async def refresh(self, call: Call) -> web.Response:
        """A token for this plane; the refresh token counts no longer, the answer holds the next."""
        fields = await read_fields(call.request, "refresh_token")
        rotated = await self._refresh_tokens.rotate(fields.secret("refresh_token"))
        if rotated is None:
            raise UnauthenticatedError("the refresh token is not valid; sign in")
        session, following = rotated
        token = await self._tokens.issue(session.user_id, session.session_id, CONTROL)
        return given(tokens_of(token, following))

    async def issue(self, call: Call) -> web.Response:
        """For an audience, and where browsers find that. Upon an access token: it does not live
        longer than that one."""
        fields = await read_fields(call.request, "audience", "project_ids")
        who, audience = call.person, _audience(fields)
        token = await self._tokens.issue(
            who.user_id,
            who.session_id,
            audience,
            projects=_projects(fields),
            until=self._authentication.until(call.request),
        )
        url = None
        if audience != CONTROL:
            url = await self._urls.of(audience.removeprefix(DATA_PLANE))
        return given({**tokens_of(token), "data_plane_url": url})

    async def jwks(self, _: Call) -> web.Response:
        return answered(jwks(self._keys.verifying()))


def _audience(fields: Fields) -> str:
    audience = fields.text("audience", most=64)
    named = audience.removeprefix(DATA_PLANE)
    if audience != CONTROL and (named == audience or parse_uuid(named) is None):
        raise RejectedError("audience: must be control or dp:<id of a data plane>", code=422)
    return audience if audience == CONTROL else f"{DATA_PLANE}{parse_uuid(named)}"


def _projects(fields: Fields) -> Sequence[UUID] | None:
    if "project_ids" not in fields:
        return None
    chosen = fields.ids("project_ids", most=MAX_PROJECTS)
    if not chosen:
        raise RejectedError("project_ids: must name at least one", code=422)
    return chosen
