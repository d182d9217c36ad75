"""What a data plane's configuration file may say."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, SecretStr, field_validator, model_validator

from hh_core.domain.origins import is_origin
from hh_core.domain.segments import RecordKind
from hh_runtime.config import AdapterTable, Listen, Origin, ProcessConfig, PublicUrl, Section
from hh_runtime.net import Address, is_loopback

NEEDS: dict[str, tuple[str, ...]] = {
    "ingest": ("queue", "objects", "journal", "records"),
    "dispatch": ("queue", "objects", "analytics", "records"),
    "api": ("objects", "analytics", "records"),
    "controller": ("objects",),
}
"""The services of this plane, and the ports that each uses."""


class ListenConfig(Section):
    """Where clients are served. Everything is loopback unless the file says otherwise."""

    http: Listen = Address("127.0.0.1", 4318)
    """OTLP/HTTP and the REST API on one port."""
    grpc: Listen = Address("127.0.0.1", 4317)
    """OTLP/gRPC."""
    api: Listen | None = None
    """The read API, which ingest passes on to; by default ``<runtime>/api.sock``."""
    internal: Listen | None = None
    """What ingest tells readers of its plane; by default ``<runtime>/ingest.sock``."""
    tls_certificate: Path | None = None
    """PEM file; with it HTTP and gRPC are served by TLS only."""
    tls_key: Path | None = None
    """PEM file of its private key."""
    origins: tuple[Origin, ...] = ()
    """Whose pages may ask this plane from a browser: the web application's, as
    `https://traces.example`."""
    public_url: PublicUrl | None = None
    """Where browsers reach this plane, as `https://data.example`: the control plane is told, for
    its web application. By default `http` is named if it and the control plane are on loopback,
    without TLS; else nothing."""


class LimitsConfig(Section):
    """The bounds at the door (PROMISES 3.6); sizes in bytes, after decompression too."""

    max_http_bytes: int = Field(default=64 << 20, gt=0)
    """Of one OTLP/HTTP body."""
    max_grpc_bytes: int = Field(default=16 << 20, gt=0)
    """Of one gRPC message."""
    max_ratio: int = Field(default=200, gt=1)
    """Decompressed over compressed size, above 1 MiB."""
    max_spans: int = Field(default=50_000, gt=0, le=1 << 20)
    """Of one request; of log records and data points too."""
    max_nesting: int = Field(default=32, gt=0)
    """Of values in values."""
    max_events: int = Field(default=1_000, gt=0)
    """Events in one REST batch."""
    max_in_flight_requests: int = Field(default=512, gt=0)
    """Requests in memory together; above it 503 with Retry-After."""
    max_in_flight_bytes: int = Field(default=256 << 20, gt=0)
    """Bodies in memory together; above it 503 with Retry-After."""
    project_share: float = Field(default=0.5, gt=0, le=1)
    """Of either, for one project; above it 429 with Retry-After, while others are served."""
    max_connections_per_address: int = Field(default=256, gt=0)
    """Open HTTP connections of one address that have shown no valid API key yet; above it 429."""


class OtlpConfig(Section):
    """Which signals of OTLP are taken beside traces."""

    logs: Literal["keep", "refuse"] = "keep"
    """`keep`: log records join the span that they name; the others are kept as they came."""
    metrics: Literal["keep", "refuse"] = "refuse"
    """`keep`: they are kept as they came, and appear in no answer. `refuse`: clients are told so,
    by 404 or UNIMPLEMENTED."""

    def refused(self) -> frozenset[RecordKind]:
        told = {RecordKind.LOGS: self.logs, RecordKind.METRICS: self.metrics}
        return frozenset(kind for kind, choice in told.items() if choice == "refuse")


class IngestConfig(Section):
    """Group commit, segments and what is kept here until it is shipped."""

    durability: Literal["disk", "object"] | None = None
    """What an acknowledgement waits for: this machine's disk, or the object store. By default the
    store if it is a remote one."""
    commit_ms: float = Field(default=5.0, ge=0)
    """How long the first request of a commit waits for others."""
    commit_bytes: int = Field(default=4 << 20, gt=0)
    """A commit is not held back for more when it has this many bytes."""
    segment_bytes: int = Field(default=8 << 20, gt=0)
    """A segment is sealed when it has this many bytes."""
    segment_ms: int = Field(default=200, gt=0)
    """A segment is sealed when it is this old."""
    max_pending_bytes: int = Field(default=64 << 20, ge=0)
    """What is not indexed yet is kept in memory up to this size, unpacked, so that who reads a
    session waits for nothing that does not concern it. Beyond, readers wait for all."""


class DispatchConfig(Section):
    """How the background work of the plane is bounded and paced."""

    max_in_flight: int = Field(default=64, gt=0)
    """Unsettled segments of one process."""
    batch_rows: int = Field(default=40_000, gt=0)
    """Rows of one insert."""
    names_per_day: int = Field(default=10_000, gt=0)
    """Different event names, models, attribute keys and the like that one project may bring into
    the index in a day; beyond it they are indexed as `__other__`, the content keeps them."""
    reconcile_seconds: float = Field(default=1.0, gt=0)
    """How often the inbox is looked through."""
    resend_seconds: float = Field(default=5.0, gt=0)
    """How old a segment without a receipt is before it is sent again."""
    relay_max_bytes: int = Field(default=1 << 30, gt=0)
    """Telemetry that waits for the control plane. Above it, it is rebuilt from segments later."""
    pack_seconds: float = Field(default=60.0, gt=0)
    """How long a done segment waits for company before it is packed."""
    pack_bytes: int = Field(default=64 << 20, gt=0)
    """As soon as this much is done it is packed; also the most that is held in memory."""


class RetentionConfig(Section):
    """How long raw content is kept, and how much of it."""

    days: int = Field(default=30, gt=0)
    """How long raw data is kept, by the day of its receipt."""
    max_disk_bytes: int = Field(default=20 << 30, gt=0)
    """Of raw data and its sketches. Above it the oldest days go first, whatever their age."""


class TelemetryConfig(Section):
    """What may cross to the control plane, whatever it asks for."""

    promotable: tuple[str, ...] = ()
    """Attribute keys that projects may promote into telemetry, as `metadata.tier` or `metadata.*`;
    never of inputs, outputs, feedback or errors."""
    strict_names: bool = False
    """Names cross as keyed hashes only, in all projects."""


class PriceOverride(Section):
    """Prices that go before the price book's, for whatever matches."""

    provider: str = Field(default=".*", max_length=200)
    """Regular expression (RE2's syntax) that the whole provider matches, as the span tells it, in
    small letters."""
    model: str = Field(max_length=200)
    """Likewise of the model."""
    project: UUID | None = None
    """Whose events it is for; by default those of all projects."""
    prices: dict[str, Decimal]
    """Dollars by `unit[/tier][>size]`: for a million tokens, or for one of another unit."""
    since: date | None = None
    """The first day (UTC) on which they hold."""
    until: date | None = None
    """The first day on which they hold no more."""
    source: str = Field(default="", max_length=1000)
    """Where the prices are from, for those who ask for a cost's derivation."""


class PricesConfig(Section):
    """What calls cost that do not tell it themselves."""

    prefer: Literal["told", "book"] = "told"
    """Whether a cost that a span tells counts before one by the price book."""
    overrides: tuple[PriceOverride, ...] = Field(default=(), max_length=1000)
    """The first that matches and holds counts."""


class ReadConfig(Section):
    """What one question may cost."""

    scan_limit: int = Field(default=10_000, gt=0)
    """Events whose content is read to answer a filter on content."""
    search_seconds: float = Field(default=5.0, gt=0)
    """How long a search for a phrase goes through records before it answers what it has found."""
    first_page_seconds: float = Field(default=0.5, ge=0)
    """How long such a search goes on to count once the page that was asked for is full."""
    outline_cache_bytes: int = Field(default=32 << 20, ge=0)
    """The order of large sessions is kept from one page of their tree to the next: so much of it
    in each process, and as much of outlines."""
    answer_bytes: int = Field(default=256 << 20, gt=0)
    """Content of one answer; beyond it the client is told to ask for less."""
    logs_per_span: int = Field(default=1_000, gt=0)
    """Log records that the event of a span shows, events before plain lines; how many more there
    are stands in `metadata.log_records_left_out`."""
    log_bytes_per_span: int = Field(default=16 << 20, gt=0)
    """Texts of those log records, by when they came; those beyond count as left out too."""
    seconds: float = Field(default=30.0, gt=0)
    """How long one search, export or session may take; then the client is told to ask for less."""
    at_once: int = Field(default=8, gt=0)
    """Searches, exports and sessions that are worked on together; others wait, 503 after 10 s."""
    at_once_per_project: int = Field(default=4, gt=0)
    """Of these, for one project."""
    wait_seconds: float = Field(default=2.0, ge=0)
    """How long a reader waits for what is acknowledged but not indexed."""


class ControlConfig(Section):
    """The control plane, which this plane dials. Nothing ever dials in."""

    intake: str
    """gRPC target, ``host:port``."""
    controller: str | None = None
    """gRPC target of its controller; by default that of the intake."""
    identity: Path
    """Folder (mode 0700) of this data plane's own key and of what it trusts; the processes of one
    data plane share it."""
    enrolment_token: SecretStr | None = None
    """One-time token that makes this data plane known; may stay after use. Another one means: be
    enrolled anew, with a new key. Needed by the service ``controller`` only."""
    tls_ca: Path | None = None
    """Authorities that the certificates must chain to; default: the system's."""
    max_offline_hours: float = Field(default=168.0, gt=0)
    """How long keys and people are let in without a word of the control plane."""
    rotate_key_days: float = Field(default=90.0, gt=0)
    """How old this data plane's own key grows."""
    health_seconds: float = Field(default=10.0, gt=0)
    """How often it says how it is."""

    @property
    def controller_target(self) -> str:
        return self.controller or self.intake


class DataPlaneConfig(ProcessConfig):
    """One process of a data plane, or several that share the file."""

    dp_id: UUID
    """This data plane's name in telemetry."""
    node: int = Field(default=1, ge=0, le=0xFFFF)
    """Which ingest node this is; two that write at once must differ."""
    keys: Path
    """The access document: who may do what here, by digests; read again when it changes."""
    name_key: Path
    """File of 32 random bytes that makes client-chosen ids into UUIDs (identity.py)."""
    ingests: tuple[Listen, ...] = ()
    """Where readers ask for what is acknowledged but not indexed; default: this plane's own."""
    listen: ListenConfig = ListenConfig()
    limits: LimitsConfig = LimitsConfig()
    otlp: OtlpConfig = OtlpConfig()
    ingest: IngestConfig = IngestConfig()
    dispatch: DispatchConfig = DispatchConfig()
    retention: RetentionConfig = RetentionConfig()
    read: ReadConfig = ReadConfig()
    telemetry: TelemetryConfig = TelemetryConfig()
    prices: PricesConfig = PricesConfig()
    control: ControlConfig | None = None
    queue: AdapterTable | None = None
    objects: AdapterTable | None = None
    journal: AdapterTable | None = None
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
    def _controlled(self) -> Self:
        if self.control is None and "controller" in self.services:
            raise ValueError("[control] is missing: the controller needs it")
        return self

    def needed(self) -> Sequence[str]:
        ports = [port for service in self.services for port in NEEDS[service]]
        return tuple(dict.fromkeys(ports))

    def durability(self) -> Literal["disk", "object"]:
        """DESIGN 3.1: the object store has it first, where there is a remote one."""
        if self.ingest.durability is not None:
            return self.ingest.durability
        is_local = self.objects is None or self.objects.adapter in ("local", "memory")
        return "disk" if is_local else "object"

    def browser_url(self) -> str | None:
        """What the control plane is told. Loopback means something to browsers of one machine
        only, so it is told to a control plane on that machine alone."""
        listen, default = self.listen, f"http://{self.listen.http}"
        if listen.public_url is not None or self.control is None:
            return listen.public_url
        is_plain = listen.http.path is None and listen.tls_certificate is None
        is_near = is_loopback(str(listen.http)) and is_loopback(self.control.controller_target)
        return default if is_plain and is_near and is_origin(default) else None

    def api_address(self) -> Address:
        return self.listen.api or Address(path=self.runtime / "api.sock")

    def internal_address(self) -> Address:
        return self.listen.internal or Address(path=self.runtime / "ingest.sock")

    def ingest_addresses(self) -> Sequence[Address]:
        return self.ingests or (self.internal_address(),)
