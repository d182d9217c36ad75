"""OTLP/HTTP: ``POST /v1/traces``, ``/v1/logs`` and ``/v1/metrics`` in protobuf and JSON (PROMISES
3.1 to 3.7)."""

import time
from dataclasses import dataclass

from aiohttp import web

from hh_core.domain.policy import Operation
from hh_core.domain.segments import ContentType, RecordKind
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
from hh_data.ingest.signals import SIGNALS, Signal
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.public_http import vouch

PATHS = {path: (signal, rule) for signal in SIGNALS for path, rule in signal.operations.items()}
"""What is sent to each path, and what the policy says of it."""
_TYPES = {PROTOBUF_TYPE: ContentType.PROTOBUF, JSON_TYPE: ContentType.JSON}


@dataclass(frozen=True, slots=True)
class OtlpHttp:
    receiver: Receiver
    admission: Admission
    access: Access
    limits: Limits
    counts: Counts
    refused: frozenset[RecordKind] = frozenset()
    """Signals that this data plane does not take."""

    async def export(
        self, request: web.BaseRequest, signal: Signal, rule: Operation
    ) -> web.StreamResponse:
        content_type = _TYPES.get(request.content_type)
        try:
            checked = await self._taken(request, signal, rule, content_type)
        except Exception as error:
            refusal = refusal_of(error)
            self.counts.http[str(refusal.http)] += 1
            return await finish(request, otlp_refusal(refusal, content_type or ContentType.JSON))
        self.counts.http["200"] += 1
        return otlp_answer(signal, checked, content_type or ContentType.JSON)

    async def _taken(
        self,
        request: web.BaseRequest,
        signal: Signal,
        rule: Operation,
        content_type: ContentType | None,
    ) -> Checked:
        """In the order of their cost: nothing of the body is read before the key is good."""
        if signal.kind in self.refused:
            raise RejectedError(signal.refusal, code=404)
        if request.method != "POST":
            raise RejectedError(f"{signal.name} are sent with POST", code=405)
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
            checked = await self.receiver.otlp(
                signal.kind, writer, body, content_type, encoding, self.limits
            )
        spent = time.perf_counter() - start
        self.counts.acknowledged("http", signal.items, checked, len(body), spent)
        return checked
