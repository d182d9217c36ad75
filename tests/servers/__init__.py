"""Real servers for tests, each started once per test process, on a free port of loopback."""

from servers.nats import nats_server
from servers.postgres import postgres_server
from servers.s3 import s3_server

__all__ = ["nats_server", "postgres_server", "s3_server"]
