"""The control plane's end of ``hh.controller.v1.Controller``: enrol, token, attend."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import grpc
import grpc.aio

from hh_control.calls import (
    Context,
    RefusedError,
    read,
    read_one,
    refusing,
    require_data_plane,
    require_let_in,
)
from hh_control.identity import Identified, Identities
from hh_control.key_ring import KeyRing
from hh_control.strangers import Strangers, address_of
from hh_core.domain.enrolment import fingerprint_in
from hh_core.domain.identity import parse_uuid
from hh_core.errors import PortError, QuotaError, UnavailableError
from hh_core.usecases.api_keys import ApiKeys
from hh_core.usecases.attend import Attend, Wanted, check_hello
from hh_core.usecases.data_planes import DataPlanes, NotProvedError
from hh_core.wire.configuration import FORMAT_VERSION, MAX_UP_BYTES
from hh_core.wire.pb.controller_pb2 import (
    Applied,
    Down,
    EnrolRequest,
    EnrolResponse,
    Health,
    Hello,
    KeyRotated,
    KeyUse,
    RotateKey,
    TokenRequest,
    TokenResponse,
    Up,
    Welcome,
)

log = logging.getLogger(__name__)

SERVICE = "hh.controller.v1.Controller"
STRANGER_BYTES = 16 << 10
STRANGER_SECONDS = 10.0
HELLO_SECONDS = 10.0
SILENT_SECONDS = 120.0
"""A data plane that says nothing for so long is gone: it should say its health."""
HEALTH_SECONDS = 10
LOOK_SECONDS = 1.0
CURRENT_SECONDS = 10.0
STREAMS_PER_PLANE = 4
STREAMS = 2_000
_UP_BURST, _UP_PER_SECOND = 100.0, 5.0

NoteUses = Callable[[str, Sequence[KeyUse]], Awaitable[None]]
"""When keys of this data plane were used last (dp_id, uses)."""


def noting(keys: ApiKeys) -> NoteUses:
    """Where the uses of keys are kept. The stream has seen to it that they are of its own keys."""

    async def note(_: str, uses: Sequence[KeyUse]) -> None:
        known = ((parse_uuid(use.key_id), use.used_ms) for use in uses)
        await keys.note_uses({key_id: used for key_id, used in known if key_id is not None})

    return note


async def forget_uses(dp_id: str, uses: Sequence[KeyUse]) -> None:
    """For a control plane that does not keep them."""


class ControllerServicer:
    def __init__(
        self,
        planes: DataPlanes,
        identities: Identities,
        wanted: Wanted,
        ring: KeyRing,
        *,
        note_uses: NoteUses = forget_uses,
        look_seconds: float = LOOK_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.planes = planes
        self.identities = identities
        self.wanted = wanted
        self.ring = ring
        self.note_uses = note_uses
        self.look_seconds = look_seconds
        self.clock = clock
        self._strangers = Strangers()
        self._streams: Counter[str] = Counter()

    def handler(self) -> grpc.GenericRpcHandler:
        # unary for the client; here streams of bytes, so that bounds come before parsing
        methods = {
            "Enrol": grpc.stream_unary_rpc_method_handler(
                self.enrol, response_serializer=EnrolResponse.SerializeToString
            ),
            "Token": grpc.stream_unary_rpc_method_handler(
                self.token, response_serializer=TokenResponse.SerializeToString
            ),
            "Attend": grpc.stream_stream_rpc_method_handler(
                self.attend, response_serializer=Down.SerializeToString
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def enrol(self, _: AsyncIterator[bytes], context: Context) -> EnrolResponse:
        async with refusing(context):
            with self._strangers.call(address_of(context.peer())):
                request = await read_one(
                    context, EnrolRequest, seconds=STRANGER_SECONDS, most=STRANGER_BYTES
                )
                return await self._enrol(request)

    async def _enrol(self, request: EnrolRequest) -> EnrolResponse:
        if request.format_version != FORMAT_VERSION:
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "format_version: not one I read")
        fingerprint = fingerprint_in(request.one_time_token)
        configuration = self.ring.configuration()
        chain = configuration.links_from(fingerprint or "")
        if not chain:
            raise NotProvedError
        await self.planes.enrol(
            request.dp_id, request.one_time_token, request.public_key, request.proof
        )
        return EnrolResponse(issuer=configuration.issuer, key_chain=chain)

    async def token(self, _: AsyncIterator[bytes], context: Context) -> TokenResponse:
        async with refusing(context):
            with self._strangers.call(address_of(context.peer())):
                request = await read_one(
                    context, TokenRequest, seconds=STRANGER_SECONDS, most=STRANGER_BYTES
                )
                token, seconds = await self.identities.exchange(request.assertion)
                return TokenResponse(token=token, expires_in_s=seconds)

    async def attend(self, _: AsyncIterator[bytes], context: Context) -> None:
        async with refusing(context):
            caller = await require_data_plane(context, self.identities)
            with self._stream(caller.dp_id):
                await _Stream(self, caller, context).run()

    @contextmanager
    def _stream(self, dp_id: str) -> Iterator[None]:
        if self._streams[dp_id] >= STREAMS_PER_PLANE or self._streams.total() >= STREAMS:
            raise QuotaError("too many streams; slow down")
        self._streams[dp_id] += 1
        try:
            yield
        finally:
            self._streams[dp_id] -= 1
            self._streams += Counter()  # forgets those at zero


class _Stream:
    """One call of Attend: one task reads, one writes."""

    def __init__(self, servicer: ControllerServicer, caller: Identified, context: Context) -> None:
        self._caller = caller
        self._context = context
        self._planes = servicer.planes
        self._identities = servicer.identities
        self._servicer = servicer
        self._woken = asyncio.Event()
        self._to_say: list[Down] = []
        self._left, self._at = _UP_BURST, time.monotonic()
        self._written = 0.0

    async def run(self) -> None:
        hello = await self._first()
        attend = Attend(
            hello,
            wanted=self._servicer.wanted,
            signer=self._servicer.ring.configuration,
            next_version=self._planes.next_version,
            now_ms=self._now_ms,
        )
        welcome = Welcome(
            issuer=self._servicer.ring.issuer,
            now_ms=self._now_ms(),
            health_seconds=HEALTH_SECONDS,
        )
        await self._write(Down(welcome=welcome))
        reading = asyncio.create_task(self._read(attend))
        reading.add_done_callback(lambda _: self._woken.set())
        try:
            while not reading.done():
                await self._say(attend)
                await self._pause()
        finally:
            reading.cancel()
            ended = (await asyncio.gather(reading, return_exceptions=True))[0]
        if isinstance(ended, Exception):
            raise ended

    async def _first(self) -> Hello:
        up = await read(self._context, Up, seconds=HELLO_SECONDS, most=MAX_UP_BYTES)
        if up is None or up.WhichOneof("message") != "hello":
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "say hello first")
        if up.hello.dp_id != self._caller.dp_id:
            message = "the token is not of the data plane that the message names"
            raise RefusedError(grpc.StatusCode.PERMISSION_DENIED, message)
        check_hello(up.hello, self._caller.dp_id)
        return up.hello

    async def _say(self, attend: Attend) -> None:
        """All that is due. Errors of the records are waited out; what was said still holds."""
        to_say, self._to_say = self._to_say, []
        for down in to_say:
            await self._write(down)
        await self._require_standing()
        try:
            messages = await attend.messages()
        except PortError as error:
            log.warning("a data plane's configuration cannot be computed now: %s", error)
            return
        for down in messages:
            await self._write(down)
        if attend.is_current and time.monotonic() - self._written > CURRENT_SECONDS:
            await self._write(attend.current())

    async def _require_standing(self) -> None:
        if self._servicer.clock() >= self._caller.expires:
            raise RefusedError(
                grpc.StatusCode.UNAUTHENTICATED, "the cluster token is over; get a new one"
            )
        try:
            standing = await self._identities.standing(self._caller.dp_id)
        except PortError as error:
            log.warning("a data plane's standing cannot be read now: %s", error)
            return
        require_let_in(replace(self._caller, standing=standing))
        if standing is not None and standing.generation > self._caller.generation:
            raise RefusedError(
                grpc.StatusCode.UNAUTHENTICATED, "the cluster token is void; get a new one"
            )

    async def _read(self, attend: Attend) -> None:
        while True:
            up = await read(self._context, Up, seconds=SILENT_SECONDS, most=MAX_UP_BYTES)
            if up is None:
                return
            self._bound()
            await self._hear(up, attend)

    async def _hear(self, up: Up, attend: Attend) -> None:
        match up.WhichOneof("message"):
            case "applied":
                self._applied(up.applied, attend)
            case "health":
                await self._health(up.health, attend)
            case "rotate_key":
                await self._rotate(up.rotate_key)
            case _:
                raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "not a message I know")

    def _applied(self, applied: Applied, attend: Attend) -> None:
        if applied.refused:
            log.warning("a data plane refuses its configuration; it gets a snapshot")
        attend.applied(applied)
        self._woken.set()

    async def _health(self, health: Health, attend: Attend) -> None:
        """Of keys, only those that it was told of: nobody says anything about keys of others."""
        try:
            await self._planes.heard(self._caller.dp_id, health)
            known = attend.items
            uses = [use for use in health.key_uses if f"key/{use.key_id}" in known]
            if uses:
                await self._servicer.note_uses(self._caller.dp_id, uses)
        except UnavailableError as error:
            log.warning("a data plane's health is not noted now: %s", error)

    async def _rotate(self, rotation: RotateKey) -> None:
        await self._planes.rotate_key(self._caller.dp_id, rotation)
        self._to_say.append(Down(key_rotated=KeyRotated(public_key=rotation.public_key)))
        self._woken.set()

    def _bound(self) -> None:
        now = time.monotonic()
        self._left = min(_UP_BURST, self._left + (now - self._at) * _UP_PER_SECOND) - 1
        self._at = now
        if self._left < 0:
            raise QuotaError("too many messages; slow down")

    async def _write(self, down: Down) -> None:
        await self._context.write(down)
        self._written = time.monotonic()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._servicer.look_seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _now_ms(self) -> int:
        return int(self._servicer.clock() * 1000)
