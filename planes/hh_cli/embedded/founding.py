"""The first start of both planes: the control plane learns of its people, keys and data plane.

Done by a process of its own, so that the supervisor stays small. The data plane's controller waits
for it, because it needs the one-time token that comes of it.
"""

import asyncio
import logging
import sys

from hh_cli.embedded.credentials import Credentials
from hh_cli.embedded.layout import Layout
from hh_core.domain.api_keys import digest_of
from hh_core.errors import ConfigError

log = logging.getLogger(__name__)

TRIES = 5


class Founding:
    """``done`` is set when the control plane knows everything; a later start has it set at once."""

    def __init__(self, layout: Layout, credentials: Credentials | None) -> None:
        self._layout = layout
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
        """Whether the data plane knows the project's key: only then is the platform of use."""
        if self._credentials is None:
            return True
        try:
            return digest_of(self._credentials.api_key) in self._layout.access.read_text()
        except OSError:
            return False

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
