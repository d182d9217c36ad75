"""Let data planes hear of a change: their streams look whether the epoch is still the same."""

from uuid import uuid4

from hh_core.ports.records import UnitOfWork

CONFIGURATION = "configuration"
EPOCH = "epoch"


async def changed(unit: UnitOfWork) -> None:
    """To be called in the unit of work of every change that a data plane must hear of."""
    await unit.merge(CONFIGURATION, {EPOCH: {EPOCH: str(uuid4())}})
