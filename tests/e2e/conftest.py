"""One platform that all end-to-end tests share which do not break it."""

from collections.abc import Iterator

import pytest
from embedded import Embedded, platform
from embedded.steps import dial_at
from explorer import Visitor, chromium, signed_in, visit
from explorer.traffic import new_project, send_demo
from link import RecordingLink
from playwright.sync_api import Browser

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


@pytest.fixture(scope="session")
def shop(running: Embedded) -> Embedded:
    """A project of its own with the demo's traffic, which nothing else is sent to."""
    project = new_project(running, "shop")
    send_demo(project)
    return project


@pytest.fixture(scope="session")
def session_cookie(running: Embedded) -> str:
    """Of an administrator who has signed in."""
    return signed_in(running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after each file: while it is open, no test can run an event loop of its own."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def visitor(browser: Browser, shop: Embedded, session_cookie: str) -> Iterator[Visitor]:
    """Looks at the demo's project, signed in."""
    with visit(browser, shop, session=session_cookie) as looking:
        yield looking
