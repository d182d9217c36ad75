"""The first start of both planes: the control plane learns of its people, keys and data plane.

Done by a process of its own, so that the supervisor stays small. The data plane's controller waits
for it, because it needs the one-time token that comes of it.
"""

import asyncio
import logging
import sys
import time

from hh_cli.embedded.credentials import Credentials
from hh_cli.embedded.layout import Layout
from hh_core.domain.api_keys import digest_of
from hh_core.errors import ConfigError

log = logging.getLogger(__name__)

TRIES = 5
JOIN_SECONDS = 15.0
"""A data plane that joins is ready when it is let in; after that long also while its control plane
is away."""


class Founding:
    """``done`` is set when the control plane knows everything; a later start has it set at once."""

    def __init__(
        self, layout: Layout, credentials: Credentials | None, *, joins: bool = False
    ) -> None:
        """``joins``: a data plane alone, whose control plane is on another host."""
        self._layout = layout
        self._joins = joins
        self._serves_since: float | None = None
        self._credentials = credentials
        self.done = asyncio.Event()
        if credentials is None or credentials.founded:
            self.done.set()

    async def run(self, database: asyncio.Event) -> None:
        """Once the control plane's ``database`` serves. Raises ``ConfigError`` if it fails."""
        status = 0
        for _ in range(TRIES):
            if self.done.is_set():
                return
            await database.wait()
            status = await self._found()
            if status == 0:
                log.info("the control plane knows its administrator, project and data plane")
                self.done.set()
        if not self.done.is_set():
            raise ConfigError(
                f"the first organisation cannot be made (status {status});"
                f" see {self._layout.supervisor_log}"
            )

    def lets_in(self) -> bool:
        """Whether the data plane knows who may use it: only then is the platform of use. To be
        asked while all processes serve."""
        if self._credentials is not None:
            return digest_of(self._credentials.api_key) in self._access()
        if not self._joins or self._access():
            return True
        now = time.monotonic()
        self._serves_since = self._serves_since or now
        return now - self._serves_since > JOIN_SECONDS

    def _access(self) -> str:
        try:
            return self._layout.access.read_text()
        except OSError:
            return ""

    async def _found(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "utf8", "-m", "hh_cli.admin.founding"),
            str(self._layout.base),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            return await process.wait()
        except asyncio.CancelledError:
            if process.returncode is None:
                process.kill()
            raise
