"""What the parts of the analytics contract share."""

from abc import abstractmethod
from typing import ClassVar

from hh_conformance.analytics_rows import Writer
from hh_conformance.contract import Contract
from hh_core.ports.analytics import Analytics
from hh_core.registry import AdapterConfig


class AnalyticsSuite(Contract):
    """The hooks that an adapter's author fills in."""

    telemetry: ClassVar[bool] = False
    """Whether EVENTS of this index are the 24 columns of a telemetry record."""

    @abstractmethod
    def bounded(self, rows: int) -> AdapterConfig:
        """Settings under which a query that must read more than ``rows`` rows is refused."""

    async def compact(self, analytics: Analytics) -> None:
        """Bring about at once what the store does to its rows when it finds the time, if anything:
        merges and the like."""

    def writer(self, analytics: Analytics) -> Writer:
        return Writer(analytics, telemetry=self.telemetry)
