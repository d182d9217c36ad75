"""At most one process at a time does a job, as long as clocks differ by less than the lease.

The jobs behind a lease are idempotent: two holders for a moment cost work, never truth.
"""

from collections.abc import Callable

from hh_core.errors import ConflictError
from hh_core.ports.records import Records

KIND = "leases"


class Lease:
    """``name`` is the job, ``holder`` this process."""

    def __init__(
        self, records: Records, name: str, holder: str, *, seconds: float, now_ms: Callable[[], int]
    ) -> None:
        self._records = records
        self._name = name
        self._holder = holder
        self._length_ms = int(seconds * 1000)
        self._now_ms = now_ms
        self._until_ms = 0

    async def held(self) -> bool:
        """Take the lease or renew it; False while another process has it.

        Writes only when less than half of the time is left. Raises ``UnavailableError`` with the
        records: then nobody may go on.
        """
        now = self._now_ms()
        if self._length_ms // 2 < self._until_ms - now <= self._length_ms:
            return True
        self._until_ms = 0
        try:
            async with self._records.begin() as unit:
                found = await unit.get(KIND, [self._name])
                current = found[0].value if found else {}
                # One that ends later than any can was taken before a clock was set back.
                is_held = 0 < int(current.get("until", 0)) - now <= 2 * self._length_ms
                if current.get("holder") != self._holder and is_held:
                    return False
                until = now + self._length_ms
                value = {"holder": self._holder, "until": until}
                expect = found[0].version if found else 0
                await unit.put(KIND, self._name, value, expect=expect)
        except ConflictError:
            return False
        self._until_ms = until
        return True

    async def release(self) -> None:
        """Let another process have it at once."""
        if self._until_ms == 0:
            return
        self._until_ms = 0
        async with self._records.begin() as unit:
            found = await unit.get(KIND, [self._name])
            if found and found[0].value.get("holder") == self._holder:
                await unit.delete(KIND, [self._name])
