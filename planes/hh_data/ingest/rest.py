"""REST writes: sessions, events and updates outside OTLP take the same journal (contract A4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

from hh_core.domain.event import Json
from hh_core.domain.policy import Operation, Plane, operation
from hh_core.errors import RejectedError
from hh_core.usecases.admission import Admission
from hh_core.usecases.receive import Receiver, Writer
from hh_core.usecases.rest_writes import RestWrites, Tenant, Write, parse_json
from hh_core.wire.otlp_body import Limits, decompress, plain_size, too_large
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal
from hh_data.ingest.bodies import announced, encoding_of, finish, read
from hh_data.ingest.metrics import Counts
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.public_http import vouch


@dataclass(frozen=True, slots=True)
class Making:
    """What a route makes of a body, and what the policy says of it."""

    rule: Operation
    make: Callable[[Tenant, Json], Write]


class Rest:
    """Raises ``LookupError`` for an operation that the policy does not know."""

    def __init__(
        self,
        writes: RestWrites,
        receiver: Receiver,
        admission: Admission,
        access: Access,
        limits: Limits,
        counts: Counts,
    ) -> None:
        self._writes = writes
        self._receiver = receiver
        self._admission = admission
        self._access = access
        self._limits = limits
        self._counts = counts
        self.fixed: Mapping[tuple[str, str], Making] = self._fixed()
        """The routes whose paths hold no id, by method and path."""
        self._update = operation(Plane.DATA, "update_event_v1")
        self._session_batch = operation(Plane.DATA, "create_session_events")

    def making(self, method: str, path: str) -> Making | None:
        """What a request makes, ``None`` if it is no write: then the read API answers it."""
        fixed = self.fixed.get((method, path))
        if fixed is not None:
            return fixed
        match method, path.split("/"):
            case "PUT", ["", "v1", "events", event_id] if event_id:
                return Making(
                    self._update, lambda _, body: self._writes.update(body, _decoded(event_id))
                )
            case "POST", ["", "v1", "sessions", session_id, "events", "batch"] if session_id:
                return Making(
                    self._session_batch,
                    lambda tenant, body: self._writes.session_batch(
                        tenant, body, _decoded(session_id)
                    ),
                )
        return None

    def _fixed(self) -> Mapping[tuple[str, str], Making]:
        def update(_: Tenant, body: Json) -> Write:
            return self._writes.update(body)

        writes = self._writes
        makings = {
            ("POST", "/session/start"): ("start_session", writes.session_start),
            ("POST", "/v1/sessions"): ("start_session_v1", writes.session_start),
            ("POST", "/events"): ("create_event", writes.create),
            ("POST", "/v1/events"): ("create_event_v1", writes.create),
            ("PUT", "/events"): ("update_event", update),
            ("POST", "/events/batch"): ("create_events", writes.batch),
            ("POST", "/v1/events/batch"): ("create_events_v1", writes.batch),
        }
        return {
            route: Making(operation(Plane.DATA, name), make)
            for route, (name, make) in makings.items()
        }

    async def write(self, request: web.BaseRequest, making: Making) -> web.StreamResponse:
        try:
            answer = await self._written(request, making)
        except Exception as error:
            refusal = refusal_of(error)
            self._counts.rest[str(refusal.http)] += 1
            return await finish(request, rest_refusal(refusal))
        self._counts.rest["200"] += 1
        return json_answer(answer)

    async def _written(self, request: web.BaseRequest, making: Making) -> Json:
        headers = request.headers
        principal = self._access.permit_write(
            headers.get("Authorization"), making.rule, headers.get(PROJECT_HEADER)
        )
        vouch(request)
        encoding = encoding_of(request)
        tenant = Tenant(principal.project, principal.org_id, principal.workspace_id)
        length = announced(request, self._limits.max_bytes)
        with self._admission.admit(length, principal.project) as ticket:
            body = await read(request, ticket, self._limits.max_bytes)
            size = plain_size(body, encoding)
            if size > self._limits.max_bytes:
                raise too_large(self._limits.max_bytes)
            ticket.reserve(len(body) + size)

            def made() -> Write:
                return making.make(tenant, parse_json(decompress(body, encoding, self._limits)))

            write = await self._receiver.unpacked(size, made)
            await self._receiver.rest(Writer(principal.project, principal.key_id), write.written)
        self._counts.body_bytes["rest"] += len(body)
        return write.answer


def _decoded(part: str) -> str:
    """A path segment as the client meant it. Raises ``RejectedError`` for bytes that are no
    text."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise RejectedError("the id in the path is not UTF-8; encode it so") from error
