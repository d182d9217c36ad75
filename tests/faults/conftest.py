"""One platform for the faults that it survives without being reconfigured."""

from collections.abc import Iterator

import pytest
from embedded import Embedded, platform


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("faults")) as embedded:
        yield embedded
