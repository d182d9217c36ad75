"""REST writes: sessions, events and updates outside OTLP take the same journal (contract A4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

from hh_core.domain.event import Json
from hh_core.errors import RejectedError
from hh_core.usecases.admission import Admission
from hh_core.usecases.receive import Receiver, Writer
from hh_core.usecases.rest_writes import RestWrites, Tenant, Write, parse_json
from hh_core.wire.otlp_body import Limits, decompress, plain_size, too_large
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal
from hh_data.ingest.bodies import announced, encoding_of, finish, read
from hh_data.ingest.metrics import Counts
from hh_data.keys import INGEST, KeyDirectory
from hh_runtime.public_http import vouch

Making = Callable[[Tenant, Json], Write]


@dataclass(frozen=True, slots=True)
class Rest:
    writes: RestWrites
    receiver: Receiver
    admission: Admission
    keys: KeyDirectory
    limits: Limits
    counts: Counts

    def making(self, method: str, path: str) -> Making | None:
        """What a request makes, ``None`` if it is no write: then the read API answers it."""
        fixed = self._fixed().get((method, path))
        if fixed is not None:
            return fixed
        match method, path.split("/"):
            case "PUT", ["", "v1", "events", event_id] if event_id:
                return lambda _, body: self.writes.update(body, _decoded(event_id))
            case "POST", ["", "v1", "sessions", session_id, "events", "batch"] if session_id:
                return lambda tenant, body: self.writes.session_batch(
                    tenant, body, _decoded(session_id)
                )
        return None

    def _fixed(self) -> Mapping[tuple[str, str], Making]:
        def update(_: Tenant, body: Json) -> Write:
            return self.writes.update(body)

        return {
            ("POST", "/session/start"): self.writes.session_start,
            ("POST", "/v1/sessions"): self.writes.session_start,
            ("POST", "/events"): self.writes.create,
            ("POST", "/v1/events"): self.writes.create,
            ("PUT", "/events"): update,
            ("POST", "/events/batch"): self.writes.batch,
            ("POST", "/v1/events/batch"): self.writes.batch,
        }

    async def write(self, request: web.BaseRequest, make: Making) -> web.StreamResponse:
        try:
            answer = await self._written(request, make)
        except Exception as error:
            refusal = refusal_of(error)
            self.counts.rest[str(refusal.http)] += 1
            return await finish(request, rest_refusal(refusal))
        self.counts.rest["200"] += 1
        return json_answer(answer)

    async def _written(self, request: web.BaseRequest, make: Making) -> Json:
        principal = self.keys.authenticate(request.headers.get("Authorization"))
        principal.require(INGEST)
        vouch(request)
        encoding = encoding_of(request)
        tenant = Tenant(principal.project, principal.org_id, principal.workspace_id)
        length = announced(request, self.limits.max_bytes)
        with self.admission.admit(length, principal.project) as ticket:
            body = await read(request, ticket, self.limits.max_bytes)
            size = plain_size(body, encoding)
            if size > self.limits.max_bytes:
                raise too_large(self.limits.max_bytes)
            ticket.reserve(len(body) + size)

            def made() -> Write:
                return make(tenant, parse_json(decompress(body, encoding, self.limits)))

            write = await self.receiver.unpacked(size, made)
            await self.receiver.rest(Writer(principal.project, principal.key_id), write.written)
        self.counts.body_bytes["rest"] += len(body)
        return write.answer


def _decoded(part: str) -> str:
    """A path segment as the client meant it. Raises ``RejectedError`` for bytes that are no
    text."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise RejectedError("the id in the path is not UTF-8; encode it so") from error
