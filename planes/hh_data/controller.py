"""The data plane's controller: dial the control plane, follow what it says, tell how we are.

It survives whatever comes: a message that it does not know is counted and passed over, one that is
refused changes nothing, and too many of them end the stream. What the other side writes never gets
into a log; codes do.
"""

import asyncio
import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc.aio
from google.protobuf.message import DecodeError

from hh_core.errors import DeniedError, HHError, UnavailableError, kind_and_place
from hh_core.usecases.follow import Follow
from hh_core.wire.configuration import RELEASE
from hh_core.wire.pb.controller_pb2 import Applied, Down, Health, KeyUse, Up, Welcome
from hh_data.cluster_identity import ClusterIdentity, ClusterTokens, enrol
from hh_data.config import ControlConfig
from hh_data.control_channel import call_errors, is_unauthenticated, open_channel
from hh_data.followed_files import FollowedFiles

log = logging.getLogger(__name__)

SILENT_SECONDS = 60.0
"""The control plane says every ten seconds that it is alive."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 20.0
LOCK_SECONDS = 5.0
_GOOD_SECONDS = 30.0
_MESSAGES, _MESSAGES_PER_SECOND = 200.0, 5.0
_BYTES, _BYTES_PER_SECOND = float(96 << 20), float(4 << 20)
_MOST_USES = 10_000
_ATTEND = "/hh.controller.v1.Controller/Attend"


@dataclass(frozen=True, slots=True)
class Vitals:
    """How this data plane is; numbers and names of ports."""

    backlog_segments: int = 0
    oldest_ms: int = 0
    spans: int = 0
    bytes: int = 0
    unready: Sequence[str] = ()


async def no_vitals() -> Vitals:
    return Vitals()


async def no_uses() -> Mapping[UUID, int]:
    return {}


class EndedError(HHError):
    """We end the stream: the other side does not keep to the rules. The message is a code."""


class Controller:
    def __init__(
        self,
        control: ControlConfig,
        dp_id: UUID,
        access: Path,
        *,
        vitals: Callable[[], Awaitable[Vitals]] = no_vitals,
        key_uses: Callable[[], Awaitable[Mapping[UUID, int]]] = no_uses,
        public_url: str | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self.control = control
        self.identity = ClusterIdentity(dp_id, control.identity)
        max_offline_ms = int(control.max_offline_hours * 3_600_000)
        self.files = FollowedFiles(
            self.identity, access, max_offline_ms=max_offline_ms, now_ms=now_ms
        )
        self.vitals = vitals
        self.key_uses = key_uses
        self.public_url = public_url
        self._longest_pause = longest_pause
        self._follow: Follow | None = None
        token = control.enrolment_token
        self._one_time_token = token.get_secret_value().strip() if token else None
        self.identity.must_enrol(self._one_time_token)
        self.counts: Counter[str] = Counter()
        """What happened: ``applied``, ``refused.<code>``, ``unknown``, ``malformed``, ``streams``,
        ``enrolled``, ``key_rotated``."""

    @property
    def configuration_version(self) -> int:
        return self._follow.version if self._follow else 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping`` is set. One of several controllers of a folder works, the others
        wait."""
        while (lock := self.identity.lock()) is None:
            if await _waited(stopping, LOCK_SECONDS):
                return
        try:
            await self._dial_for_ever(stopping)
        finally:
            os.close(lock)

    async def _dial_for_ever(self, stopping: asyncio.Event) -> None:
        target, tls_ca = self.control.controller_target, self.control.tls_ca
        self._load()
        async with open_channel(target, tls_ca) as channel:
            tokens = ClusterTokens(self.identity, channel)
            failures, pause = 0, FIRST_PAUSE
            while not stopping.is_set():
                begun = time.monotonic()
                try:
                    await self._once(channel, tokens, stopping)
                    failures = 0
                except (HHError, OSError) as error:
                    failures += 1
                    _note(failures, error)
                except Exception as error:
                    failures += 1
                    log.error("the stream failed: %s", kind_and_place(error))
                if time.monotonic() - begun > _GOOD_SECONDS:
                    pause = FIRST_PAUSE
                await _waited(stopping, pause * random.uniform(0.5, 1.0))
                pause = min(self._longest_pause, 2 * pause)

    async def _once(
        self, channel: grpc.aio.Channel, tokens: ClusterTokens, stopping: asyncio.Event
    ) -> None:
        """Enrol if need be, then follow one stream to its end."""
        if self._one_time_token and self.identity.must_enrol(self._one_time_token):
            await enrol(self.identity, channel, self._one_time_token)
            self.counts["enrolled"] += 1
            tokens.drop()
            self._follow = None
        if self._follow is None:
            self._load()
        if self._follow is None:
            raise UnavailableError("this data plane is not enrolled yet")
        token = await tokens.token()
        self.counts["streams"] += 1
        try:
            await _Stream(self, self._follow, channel, tokens, token).run(stopping)
        except DeniedError as error:
            if not is_unauthenticated(error):
                raise
            tokens.drop(token)

    def _load(self) -> None:
        """What was kept before, so that the access document is there whatever the control plane
        says."""
        chain = self.identity.chain()
        if chain is not None and self.identity.key() is not None:
            self._follow = Follow(self.identity.dp_id, chain, self.files)
            self.files.restore(self._follow.version)


class _Stream:
    """One call of Attend."""

    def __init__(
        self,
        controller: Controller,
        follow: Follow,
        channel: grpc.aio.Channel,
        tokens: ClusterTokens,
        token: str,
    ) -> None:
        self._controller = controller
        self._follow = follow
        self._tokens = tokens
        # bytes come in, so that we parse them and not the library
        attend = channel.stream_stream(_ATTEND, request_serializer=Up.SerializeToString)
        self._call: Any = attend(metadata=(("authorization", f"Bearer {token}"),))
        self._writing = asyncio.Lock()
        self._messages = _Bucket(_MESSAGES, _MESSAGES_PER_SECOND)
        self._bytes = _Bucket(_BYTES, _BYTES_PER_SECOND)
        self._told: dict[UUID, int] = {}
        """Uses of keys that the control plane knows."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises ``HHError`` when the stream ends otherwise than by us."""
        tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._tell()),
            asyncio.create_task(stopping.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._call.cancel()
        for end in ended:
            if isinstance(end, Exception):
                raise end

    async def _listen(self) -> None:
        with call_errors():
            await self._say(Up(hello=self._follow.hello(release())))
            while True:
                try:
                    async with asyncio.timeout(SILENT_SECONDS):
                        data = await self._call.read()
                except TimeoutError:
                    raise EndedError("silent") from None
                if data is grpc.aio.EOF:
                    await self._end()
                await self._hear(data)

    async def _end(self) -> None:
        """The other side has ended the stream: with the error that its status means."""
        code = await self._call.code()
        if code is grpc.StatusCode.OK:
            raise EndedError("ended")
        raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata())

    async def _hear(self, data: bytes) -> None:
        if not (self._messages.take(1) and self._bytes.take(len(data))):
            raise EndedError("flood")
        try:
            down = Down.FromString(data)
        except DecodeError:
            self._count("malformed")
            return
        match down.WhichOneof("message"):
            case "welcome":
                self._welcome(down.welcome)
            case "signing_key":
                await self._signing_key(down)
            case "configuration":
                await self._configuration(down)
            case "key_rotated":
                await self._key_rotated(down.key_rotated.public_key)
            case "current":
                if down.current.configuration_version == self._follow.version:
                    await asyncio.to_thread(self._controller.files.heard)
            case _:
                self._count("unknown")

    def _welcome(self, welcome: Welcome) -> None:
        if welcome.issuer != self._follow.issuer:
            raise EndedError("issuer")

    async def _signing_key(self, down: Down) -> None:
        if code := await asyncio.to_thread(self._follow.signing_key, down.signing_key):
            self._count(f"refused.{code}")
            applied = Applied(configuration_version=self._follow.version, refused=code)
            await self._say(Up(applied=applied))

    async def _configuration(self, down: Down) -> None:
        before = self._follow.version
        applied = await asyncio.to_thread(self._follow.configuration, down.configuration)
        if applied.refused:
            self._count(f"refused.{applied.refused}")
        elif self._follow.version > before:
            self._count("applied")
        await self._say(Up(applied=applied))

    async def _key_rotated(self, public_key: bytes) -> None:
        if not await asyncio.to_thread(self._controller.identity.rotated, public_key):
            self._count("unknown")
            return
        self._count("key_rotated")
        self._tokens.drop()
        await self._tokens.token()  # by the new key: from now on the old one counts no more

    async def _tell(self) -> None:
        """How we are, now and every ``health_seconds``; and a new key when the old one is old."""
        control = self._controller.control
        with call_errors():
            while True:
                await asyncio.sleep(min(1.0, control.health_seconds))
                await self._say(Up(health=await self._health()))
                await self._rotate()
                await asyncio.sleep(control.health_seconds)

    async def _rotate(self) -> None:
        identity, control = self._controller.identity, self._controller.control
        is_old = identity.key_age_seconds() > control.rotate_key_days * 86_400
        if (rotation := identity.rotation(begin=is_old)) is not None:
            await self._say(Up(rotate_key=rotation))

    async def _health(self) -> Health:
        vitals = await self._controller.vitals()
        uses = await self._controller.key_uses()
        fresh = {key: ms for key, ms in uses.items() if self._told.get(key, 0) < ms}
        told = dict(list(fresh.items())[:_MOST_USES])
        self._told |= told
        return Health(
            release=release(),
            configuration_version=self._follow.version,
            backlog_segments=vitals.backlog_segments,
            oldest_ms=vitals.oldest_ms,
            spans=vitals.spans,
            bytes=vitals.bytes,
            unready=vitals.unready,
            key_uses=[KeyUse(key_id=str(key), used_ms=ms) for key, ms in told.items()],
            public_url=self._controller.public_url or "",
        )

    async def _say(self, up: Up) -> None:
        async with self._writing:
            await self._call.write(up)

    def _count(self, what: str) -> None:
        self._controller.counts[what] += 1
        if what.startswith("refused"):
            log.warning("the control plane's word is not taken: %s", what)


class _Bucket:
    def __init__(self, size: float, per_second: float) -> None:
        self._size, self._per_second = size, per_second
        self._left, self._at = size, time.monotonic()

    def take(self, amount: float) -> bool:
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._at) * self._per_second) - amount
        self._at = now
        return self._left >= 0


def release() -> str:
    """Of this platform, as ``Hello`` and ``Health`` name it."""
    try:
        found = version("hh-platform")
    except PackageNotFoundError:
        return "unknown"
    return found if RELEASE.fullmatch(found) else re.sub(r"[^\w.+-]", "-", found)[:32] or "unknown"


def _note(failures: int, error: Exception) -> None:
    level = logging.WARNING if failures in (1, 10, 100) else logging.DEBUG
    log.log(level, "the control plane is not followed now: %s", error)


async def _waited(stopping: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return False
    return True
