"""One platform that all end-to-end tests share which do not break it."""

from collections.abc import Iterator

import pytest
from embedded import Embedded, platform
from embedded.steps import dial_at
from link import RecordingLink

from hh_cli.embedded.layout import Ports


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("shared")) as embedded:
        yield embedded


@pytest.fixture
def link(running: Embedded) -> Iterator[RecordingLink]:
    """All that passes between the planes, until the data plane dials past it again."""
    intake = Ports(running.port_base).intake
    with RecordingLink(("127.0.0.1", intake)) as recording:
        dial_at(running, recording.port)
        try:
            yield recording
        finally:
            dial_at(running, intake)
