"""What a control plane's configuration file may say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from hh_runtime.config import AdapterTable, Listen, ProcessConfig, Section
from hh_runtime.net import Address

NEEDS: dict[str, tuple[str, ...]] = {
    "api": ("analytics", "records"),
    "intake": ("queue", "records"),
    "writer": ("queue", "analytics", "records"),
}
"""The services of this plane, and the ports that each uses."""


class ListenConfig(Section):
    """Where people and data planes are served. Loopback unless the file says otherwise."""

    http: Listen = Address("127.0.0.1", 4320)
    """The web application, the API and its reference."""
    intake: Listen = Address("127.0.0.1", 4321)
    """gRPC, for data planes."""
    tls_certificate: Path | None = None
    """Of the intake, with its chain (PEM)."""
    tls_key: Path | None = None
    """PEM file of its private key."""


class WriterConfig(Section):
    """How queued telemetry is written to the index."""

    batch_rows: int = Field(default=40_000, gt=0)
    """Rows of one insert at most."""
    batch_seconds: float = Field(default=2.0, gt=0)
    """From one insert to the next at most while rows wait, unless the insert itself takes
    longer."""
    max_in_flight: int = Field(default=64, gt=0)
    """Unsettled messages of one process."""
    longest_pause_seconds: float = Field(default=10.0, gt=0)
    """Between two tries while the index is away."""
    redrive_seconds: float = Field(default=60.0, gt=0)
    """How often to look for dead letters whose time has come."""
    receipt_days: float = Field(default=7.0, gt=0)
    """How long a receipt waits for a data plane that does not ask."""


class TrustConfig(Section):
    """What makes people and data planes believe this control plane."""

    folder: Path
    """Private keys that sign tokens and configurations; made with mode 0700 if it is missing. Keep
    a backup, apart from the database's."""


class ControlPlaneConfig(ProcessConfig):
    """One process of a control plane, or several that share the file."""

    trust: TrustConfig | None = None
    listen: ListenConfig = ListenConfig()
    writer: WriterConfig = WriterConfig()
    queue: AdapterTable | None = None
    analytics: AdapterTable | None = None
    records: AdapterTable | None = None

    @field_validator("services")
    @classmethod
    def _known(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [service for service in services if service not in NEEDS]
        if unknown:
            raise ValueError(f"no service {', '.join(unknown)}; known: {', '.join(NEEDS)}")
        return services

    @model_validator(mode="after")
    def _trusted(self) -> Self:
        if self.trust is None and not {"api", "intake"}.isdisjoint(self.services):
            raise ValueError("[trust] is missing: api and intake need its folder")
        return self

    def needed(self) -> Sequence[str]:
        ports = [port for service in self.services for port in NEEDS[service]]
        return tuple(dict.fromkeys(ports))
