"""How far behind each data plane is, as it said itself when it called last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hh_core.ports.records import Records
from hh_core.usecases.intake import DATA_PLANES

_CURRENT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Lag:
    dp_id: str
    silent_seconds: float
    """Since its last call."""
    backlog: int
    """Segments it holds without a receipt."""
    behind_seconds: float
    """Age of the oldest of them; 0 for none."""

    @property
    def is_current(self) -> bool:
        return max(self.silent_seconds, self.behind_seconds) < _CURRENT_SECONDS


class Lags:
    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def read(self) -> Sequence[Lag]:
        async with self._records.begin() as unit:
            found = await unit.find(DATA_PLANES, limit=100)
        now = self._now_ms()

        def seconds(since_ms: int) -> float:
            return max(0, now - since_ms) / 1000 if since_ms else 0.0

        return [
            Lag(
                record.key,
                seconds(record.value["seen_ms"]),
                record.value["backlog"],
                seconds(record.value["oldest_ms"]),
            )
            for record in found
        ]
