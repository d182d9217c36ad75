"""What a control plane sends down one stream to one data plane, and when.

The data plane says what it has; whatever it should have besides goes down: the links of the chain
of signing keys that it lacks, then the difference in items, or everything if the two do not agree.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from hh_core.errors import RejectedError
from hh_core.usecases.configuration import difference, fits
from hh_core.wire.configuration import FORMAT_VERSION, MAX_NUMBER, RELEASE, Items, digest_of
from hh_core.wire.pb.controller_pb2 import Applied, Current, Down, Hello, Signed

log = logging.getLogger(__name__)

LOOK_AGAIN_MS = 30_000
"""How often the whole is computed although nobody said that it changed: keys expire, too."""
_FIRST_PAUSE_MS = 1_000
_LONGEST_PAUSE_MS = 60_000


class Signer(Protocol):
    """The configuration-signing key in force."""

    @property
    def issuer(self) -> str: ...

    @property
    def links(self) -> Sequence[Signed]:
        """The whole chain, oldest first."""
        ...

    def sign(self, kind: str, body: bytes) -> Signed: ...


class Wanted(Protocol):
    """``hh_core.usecases.configuration.Desired``."""

    async def epoch(self) -> str: ...

    async def __call__(self, dp_id: str) -> Items: ...


class NextVersion(Protocol):
    async def __call__(self, dp_id: str, *, above: int) -> int: ...


def check_hello(hello: Hello, dp_id: str) -> None:
    """Raises ``RejectedError`` for one that makes no sense, or is another data plane's."""
    if hello.format_version != FORMAT_VERSION:
        raise RejectedError("hello.format_version: not one I read")
    if hello.dp_id != dp_id:
        raise RejectedError("hello.dp_id: not of this token")
    if not RELEASE.fullmatch(hello.release):
        raise RejectedError("hello.release: not a release")
    if hello.configuration_version >= MAX_NUMBER or len(hello.configuration_digest) not in (0, 32):
        raise RejectedError("hello.configuration: out of range")


class Attend:
    """One stream. ``messages`` and ``applied`` are called by one task at a time."""

    def __init__(
        self,
        hello: Hello,
        *,
        wanted: Wanted,
        signer: Callable[[], Signer],
        next_version: NextVersion,
        now_ms: Callable[[], int],
    ) -> None:
        """``hello`` has passed ``check_hello``."""
        self._dp_id = hello.dp_id
        self._hello = hello
        self._wanted = wanted
        self._signer = signer
        self._next_version = next_version
        self._now_ms = now_ms
        self._links_sent = hello.signing_key_number
        self._epoch: str | None = None
        self._looked_ms = 0
        self._items: Items | None = None
        """What was sent last, or what the data plane has; None: it must get a snapshot."""
        self._version = hello.configuration_version
        """Of ``_items``."""
        self._above = hello.configuration_version
        self._is_first = True
        self._pause_ms = 0
        self._not_before_ms = 0

    @property
    def items(self) -> Items:
        """What the data plane has been told on this stream."""
        return self._items or {}

    async def messages(self) -> Sequence[Down]:
        """What to send now; empty if the data plane has all. Raises ``UnavailableError`` and others
        of the records: then ask again."""
        down = [Down(signing_key=link) for link in self._missing_links()]
        if await self._has_news() and (configuration := await self._configuration()) is not None:
            down.append(Down(configuration=configuration))
        return down

    def current(self) -> Down:
        """That the control plane is alive, and what the data plane has still holds."""
        return Down(current=Current(configuration_version=self._version))

    @property
    def is_current(self) -> bool:
        """Whether there is nothing that should have been sent and was not."""
        return self._items is not None and self._epoch is not None

    def applied(self, applied: Applied) -> None:
        """What the data plane answers to a configuration."""
        version = min(applied.configuration_version, MAX_NUMBER - 1)
        self._above = max(self._above, version)
        if not applied.refused and version == self._version and self._items is not None:
            self._pause_ms = 0
            return
        if not applied.refused and version < self._version:
            return  # of an earlier one; the answer to the last is still to come
        if applied.refused:
            self._links_sent = min(self._links_sent, self._hello.signing_key_number)
        self._items = None
        self._epoch = None
        self._not_before_ms = self._now_ms() + self._pause_ms
        self._pause_ms = min(_LONGEST_PAUSE_MS, 2 * self._pause_ms or _FIRST_PAUSE_MS)

    def _missing_links(self) -> Sequence[Signed]:
        links = self._signer().links
        missing = links[self._links_sent :]
        self._links_sent = max(self._links_sent, len(links))
        return missing

    async def _has_news(self) -> bool:
        now = self._now_ms()
        if self._items is None and now < self._not_before_ms:
            return False
        epoch = await self._wanted.epoch()
        if epoch == self._epoch and now - self._looked_ms < LOOK_AGAIN_MS:
            return False
        self._looked_ms, self._epoch = now, epoch
        return True

    async def _configuration(self) -> Signed | None:
        try:
            return await self._difference()
        except BaseException:
            self._epoch = None
            raise

    async def _difference(self) -> Signed | None:
        items = await self._wanted(self._dp_id)
        digest = digest_of(items)
        if self._is_first:
            self._is_first = False
            if self._version > 0 and digest == self._hello.configuration_digest:
                self._items = items
        if self._items is not None and digest == digest_of(self._items):
            return None
        version = await self._next_version(self._dp_id, above=self._above)
        signer = self._signer()
        configuration = difference(
            *(self._dp_id, signer.issuer, self._items, items),
            version=version,
            base=self._version,
            ms=self._now_ms(),
        )
        if not fits(configuration):
            log.error("a data plane's configuration is too large to be sent")
            return None
        self._items, self._version = items, version
        self._above = max(self._above, version)
        return signer.sign("Configuration", configuration.SerializeToString())
