"""What holds for all tests.

Hypothesis: time is no property, so a loaded machine fails nothing. In CI every run tries the same
examples, so a red run means a change; elsewhere they vary.

Tests marked ``two_hosts`` need root and network namespaces. Where that cannot be had they are left
out, and the last lines of the run say so and why.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from two_hosts import NotPossibleError, require_two_hosts

settings.register_profile(
    "house",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

_LEFT_OUT: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    two_hosts = [item for item in items if item.get_closest_marker("two_hosts")]
    if not two_hosts:
        return
    try:
        require_two_hosts()
    except NotPossibleError as error:
        _LEFT_OUT.append(f"{len(two_hosts)} tests of two hosts are LEFT OUT: {error}")
        config.hook.pytest_deselected(items=two_hosts)
        items[:] = [item for item in items if item not in two_hosts]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _LEFT_OUT:
        terminalreporter.write_line(line, red=True, bold=True)
