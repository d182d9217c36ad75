"""OTLP/HTTP: ``POST /v1/traces`` in protobuf and JSON (PROMISES 3.1 to 3.7)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hh_core.domain.policy import Operation, Plane, operation
from hh_core.domain.segments import ContentType
from hh_core.errors import RejectedError
from hh_core.usecases.admission import Admission
from hh_core.usecases.receive import Receiver, Writer
from hh_core.wire.otlp import Checked, Limits
from hh_data.ingest.answers import (
    JSON_TYPE,
    PROTOBUF_TYPE,
    otlp_answer,
    otlp_refusal,
    refusal_of,
)
from hh_data.ingest.bodies import announced, encoding_of, finish, read
from hh_data.ingest.metrics import Counts
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.public_http import vouch

TRACES: Mapping[str, Operation] = {
    "/v1/traces": operation(Plane.DATA, "receive_traces"),
    "/opentelemetry/v1/traces": operation(Plane.DATA, "receive_traces_sdk"),
}
"""The paths, and what the policy says of each."""
NOT_KEPT = ("/v1/metrics", "/v1/logs", "/opentelemetry/v1/metrics", "/opentelemetry/v1/logs")
_TYPES = {PROTOBUF_TYPE: ContentType.PROTOBUF, JSON_TYPE: ContentType.JSON}


@dataclass(frozen=True, slots=True)
class OtlpHttp:
    receiver: Receiver
    admission: Admission
    access: Access
    limits: Limits
    counts: Counts

    async def traces(self, request: web.BaseRequest, rule: Operation) -> web.StreamResponse:
        content_type = _TYPES.get(request.content_type)
        try:
            checked = await self._taken(request, rule, content_type)
        except Exception as error:
            refusal = refusal_of(error)
            self.counts.http[str(refusal.http)] += 1
            return await finish(request, otlp_refusal(refusal, content_type or ContentType.JSON))
        self.counts.http["200"] += 1
        return otlp_answer(checked, content_type or ContentType.JSON)

    async def not_kept(self, request: web.BaseRequest) -> web.StreamResponse:
        """Metrics and logs: this platform keeps traces."""
        error = RejectedError("only traces are taken here; send them to /v1/traces", code=404)
        content_type = _TYPES.get(request.content_type, ContentType.JSON)
        return await finish(request, otlp_refusal(refusal_of(error), content_type))

    async def _taken(
        self, request: web.BaseRequest, rule: Operation, content_type: ContentType | None
    ) -> Checked:
        """In the order of their cost: nothing of the body is read before the key is good."""
        if request.method != "POST":
            raise RejectedError("traces are sent with POST", code=405)
        headers = request.headers
        principal = self.access.permit_write(
            headers.get("Authorization"), rule, headers.get(PROJECT_HEADER)
        )
        vouch(request)
        if content_type is None:
            message = f"Content-Type must be {PROTOBUF_TYPE} or {JSON_TYPE}"
            raise RejectedError(message, code=415)
        encoding = encoding_of(request)
        length = announced(request, self.limits.max_bytes)
        with self.admission.admit(length, principal.project) as ticket:
            body = await read(request, ticket, self.limits.max_bytes)
            start = time.perf_counter()
            writer = Writer(principal.project, principal.key_id)
            checked = await self.receiver.traces(writer, body, content_type, encoding, self.limits)
        self.counts.acknowledged("http", checked, len(body), time.perf_counter() - start)
        return checked
