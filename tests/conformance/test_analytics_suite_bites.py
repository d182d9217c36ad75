"""The analytics suite bites: an index that breaks a guarantee fails that guarantee's tests."""

from functools import partial
from typing import Any

import pytest
from broken.analytics import BROKEN
from hypothesis import HealthCheck, Phase, settings

from hh_conformance.analytics import AnalyticsContract
from hh_core.registry import Adapter, AdapterConfig
from hh_memory.analytics import ADAPTER, AnalyticsConfig, MemoryAnalytics, open_analytics

MODEL = "test_any_history_matches_the_model"


class _Suite(AnalyticsContract):
    timeout = 10.0
    histories = settings(
        max_examples=60,
        stateful_step_count=10,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def config(self) -> AdapterConfig:
        return AnalyticsConfig(name=self.fresh_name())

    def bounded(self, rows: int) -> AdapterConfig:
        return AnalyticsConfig(name=self.fresh_name(), max_query_rows=rows)


@pytest.mark.parametrize(
    ("kind", "promise"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", one)
)
def test_a_broken_promise_fails_its_own_test(kind: type[MemoryAnalytics], promise: str) -> None:
    assert promise in _broken(kind)


def test_the_index_in_memory_breaks_none() -> None:
    assert _broken(MemoryAnalytics) == set()


def test_every_promise_is_broken_by_some_index() -> None:
    proved = {_promise_of(name) for name in dir(_Suite) if name.startswith("test_")}

    assert proved == set(BROKEN.values())


def _broken(kind: type[MemoryAnalytics]) -> set[str]:
    adapter: Adapter[Any, Any] = Adapter(
        config=ADAPTER.config, open=partial(open_analytics, kind=kind)
    )
    suite = type(kind.__name__, (_Suite,), {"adapter": adapter})()
    return {
        _promise_of(name) for name in dir(suite) if name.startswith("test_") and _fails(suite, name)
    }


def _fails(suite: AnalyticsContract, name: str) -> bool:
    test = getattr(suite, name)
    marks = getattr(test, "pytestmark", [])
    cases = [mark.args[1] for mark in marks if mark.name == "parametrize"]
    for arguments in [(case,) for case in cases[0]] if cases else [()]:
        try:
            test(*arguments)
        except (Exception, pytest.fail.Exception):
            return True
    return False


def _promise_of(test: str) -> str:
    return "model" if test == MODEL else test.split("_")[1]
