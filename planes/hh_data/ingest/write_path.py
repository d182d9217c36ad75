"""What stands between the door and the stores: receiver, group commit, shipping, positions."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from secrets import randbits

from hh_core.usecases.admission import Admission
from hh_core.usecases.commit import GroupCommit
from hh_core.usecases.durability import DiskDurability, Durability, ObjectDurability
from hh_core.usecases.positions import PendingSegments
from hh_core.usecases.receive import Receiver
from hh_core.usecases.receive_clock import ReceiveClock
from hh_core.usecases.ship import Ship
from hh_data.ingest.settings import IngestPorts, IngestSettings

OBJECT_SECONDS = 0.1
"""How long a batch gathers at least when each is an object of its own."""


@dataclass(frozen=True, slots=True)
class WritePath:
    """What stands between the door and the stores."""

    commits: GroupCommit
    ship: Ship
    positions: PendingSegments
    receiver: Receiver
    admission: Admission

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping`` is set and everything acknowledged is in the object store."""
        sealed = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.ship.run(sealed))
            tasks.create_task(self.positions.run(sealed))
            await self.commits.run(stopping)
            sealed.set()


async def open_write_path(
    ports: IngestPorts,
    settings: IngestSettings,
    *,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    random_bits: Callable[[int], int] = randbits,
) -> WritePath:
    """Raises what the journal raises; the other ports may be away."""
    bounds = settings.bounds
    clock = ReceiveClock(
        now_ms,
        random_bits,
        node=settings.node,
        last=await ports.journal.last(),
        max_age_ms=bounds.segment_ms,
    )
    ship = Ship(ports.journal, ports.objects, ports.queue, ports.records)
    durability: Durability
    window = settings.window
    if settings.durability == "disk":
        durability = DiskDurability(ports.journal, clock, bounds=bounds, on_sealed=ship.sealed)
    else:
        stored = ObjectDurability(
            ports.objects,
            ports.journal,
            clock,
            bounds=bounds,
            on_sealed=ship.sealed,
            on_stored=ship.stored,
        )
        ship.on_put = stored.back
        durability = stored
        window = replace(window, seconds=max(OBJECT_SECONDS, window.seconds))
    positions = PendingSegments(
        ports.journal,
        ports.objects,
        ports.records,
        node=settings.node,
        max_bytes=settings.max_pending_bytes,
    )
    commits = GroupCommit(durability, window=window, on_durable=positions.durable)
    positions.nudge = commits.nudge
    admission = Admission(
        max_requests=settings.max_in_flight_requests,
        max_bytes=settings.max_in_flight_bytes,
        share=settings.project_share,
    )
    return WritePath(commits, ship, positions, Receiver(commits), admission)
