"""Who may do what on a data plane, verified offline: the only gate of all its doors.

Everything comes from the access document on the plane's disk (``access_document``), which is read
again when it changes. One that cannot be read leaves the last good one in force, so that a
half-written or vanished file never locks everybody out; what the document does not know fails
closed.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from hh_core.domain.authority import ApiKey, Caller, Decision, decide
from hh_core.domain.identity import parse_uuid
from hh_core.domain.policy import Operation
from hh_core.errors import NotFoundError, OverloadedError, RejectedError
from hh_runtime.access_document import AccessDocument, KnownProject
from hh_runtime.current_document import CurrentDocument
from hh_runtime.denials import ForbiddenError, UnauthenticatedError, what_is_missing
from hh_runtime.person_tokens import PersonTokens
from hh_runtime.tokens import InvalidTokenError

log = logging.getLogger(__name__)

PROJECT_HEADER = "X-HH-Project-Id"
"""Names the project where neither path nor key does."""
DRAINING_SECONDS = 30.0
HOUR_MS = 3_600_000
_NOTHING = "send an API key or an access token: Authorization: Bearer <key>"
_INVALID = "the API key or access token is not valid; check it, or get a new one"
_OFFLINE = (
    "this data plane has not heard of its control plane for longer than max_offline; nothing "
    "counts here until it has"
)
_NO_PROJECT = "there is no such project, or it is not yours to see"


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a request is made: always within exactly one project."""

    project: UUID
    org_id: str
    workspace_id: str
    key_id: UUID
    """Of the API key; of a person: his user id."""


class Access:
    """Raises ``ConfigError`` if there is no readable document at first, unless it is ``awaited``
    from a control plane."""

    def __init__(
        self, path: Path, *, awaited: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._tokens = PersonTokens()
        self._document = CurrentDocument(path, awaited=awaited, clock=clock)
        self._last = self._document()
        self._uses: dict[UUID, int] = {}

    @property
    def key_uses(self) -> Mapping[UUID, int]:
        """When each key was last used here, in ms since 1970, to the hour."""
        return dict(self._uses)

    def authenticate(self, authorization: str | None) -> Caller:
        """Who shows the key or token of an ``Authorization`` header (``Bearer <…>``).

        Raises ``UnauthenticatedError``; the message never says why.
        """
        return self._caller(self._current(), authorization)

    def permit(
        self, authorization: str | None, rule: Operation, named: str | None = None
    ) -> Principal:
        """The caller, if he may do ``rule`` in the project that the path or the header names, or
        else his key.

        Raises ``UnauthenticatedError`` (401), ``ForbiddenError`` (403), ``NotFoundError`` for a
        foreign or unknown project alike (404), ``RejectedError`` if none is named (422).
        """
        document = self._current()
        caller = self._caller(document, authorization)
        project = _project(document, caller, named)
        decision = decide(caller, rule, None if project is None else project.scope)
        if project is None or decision is Decision.UNKNOWN:
            raise NotFoundError(_NO_PROJECT)
        if decision is Decision.FORBIDDEN:
            raise ForbiddenError(what_is_missing(rule, caller))
        by = caller.key_id if isinstance(caller, ApiKey) else caller.user_id
        return Principal(project.scope.id, project.org_id, project.workspace_id, by)

    def permit_write(
        self, authorization: str | None, rule: Operation, named: str | None = None
    ) -> Principal:
        """As ``permit``; raises ``OverloadedError`` (503) while the plane takes nothing new in."""
        principal = self.permit(authorization, rule, named)
        if self._last.draining:
            message = "the plane is draining and takes nothing new in; send again later"
            raise OverloadedError(message, retry_after=DRAINING_SECONDS)
        return principal

    def _caller(self, document: AccessDocument, authorization: str | None) -> Caller:
        now = self._clock()
        if document.fresh_until_ms is not None and now * 1000 >= document.fresh_until_ms:
            raise UnauthenticatedError(_OFFLINE)
        scheme, _, rest = (authorization or "").strip().partition(" ")
        shown = rest.strip()
        if scheme.lower() != "bearer" or not shown:
            raise UnauthenticatedError(_NOTHING)
        digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()
        known = document.keys.get(digest)  # a digest's timing tells nothing of the key
        if known is not None and (known.expires_ms is None or now * 1000 < known.expires_ms):
            self._uses[known.caller.key_id] = int(now * 1000) // HOUR_MS * HOUR_MS
            if known.creator_id is None:
                return known.caller
            return replace(known.caller, lent=document.members.get(known.creator_id, {}))
        if known is None and shown.count(".") == 2 and document.issuer:
            try:
                return self._tokens.person(document, shown, digest, now)
            except InvalidTokenError as error:
                log.debug("a token does not count: %s", error.code)
        raise UnauthenticatedError(_INVALID)

    def _current(self) -> AccessDocument:
        document = self._document()
        if document is not self._last:
            self._last = document
            left = {known.caller.key_id for known in document.keys.values()}
            self._uses = {key_id: used for key_id, used in self._uses.items() if key_id in left}
        return document


def _project(document: AccessDocument, caller: Caller, named: str | None) -> KnownProject | None:
    if named is not None:
        id_ = parse_uuid(named)
        return None if id_ is None else document.projects.get(id_)
    if isinstance(caller, ApiKey) and caller.root.project is not None:
        return document.projects.get(caller.root.project)
    raise RejectedError(f"name the project in the header {PROJECT_HEADER}", code=422)
