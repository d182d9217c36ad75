"""One platform that all end-to-end tests share which do not break it."""

from collections.abc import Iterator

import pytest
from embedded import Embedded, platform


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("shared")) as embedded:
        yield embedded
