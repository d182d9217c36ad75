"""The records in PostgreSQL keep the promises of the records port, against a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.postgres import RunningPostgres, postgres_server, start_postgres

from hh_conformance import RecordsContract
from hh_core.ports.records import Records
from hh_postgres.connection import PostgresConfig
from hh_postgres.records import ADAPTER


class TestPostgresRecords(RecordsContract):
    adapter = ADAPTER
    server: RunningPostgres

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        hurts = "outage" in request.node.name
        self.server = start_postgres(tmp_path) if hurts else postgres_server()
        yield
        if hurts:
            self.server.server.stop()

    def config(self) -> PostgresConfig:
        return self.server.config()

    @contextmanager
    def outage(self, records: Records) -> Iterator[None]:
        self.server.server.kill()
        try:
            yield
        finally:
            self.server.server.start()
