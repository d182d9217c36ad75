"""The suites bite: a port that breaks one guarantee fails the tests of that one, and no other."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from broken import journals, objects, queues, records
from hypothesis import HealthCheck, Phase, settings

from hh_conformance import (
    Contract,
    JournalContract,
    ObjectsContract,
    QueueContract,
    RecordsContract,
)
from hh_core.registry import Adapter, AdapterConfig
from hh_memory.journal import ADAPTER as JOURNAL
from hh_memory.journal import MemoryJournal
from hh_memory.objects import ADAPTER as OBJECTS
from hh_memory.objects import MemoryObjects
from hh_memory.queue import ADAPTER as QUEUE
from hh_memory.queue import MemoryQueue
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import MemoryRecords

MODEL = "test_any_history_matches_the_model"
QUICK: Mapping[str, Any] = {
    "timeout": 3.0,
    "quiet": 0.1,
    "lease": 0.4,
    "histories": settings(
        max_examples=200,
        stateful_step_count=15,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    ),
}
PORTS: tuple[tuple[type[Contract], Adapter[Any, Any], Mapping[type[Any], str]], ...] = (
    (QueueContract, QUEUE, {MemoryQueue: "", **queues.BROKEN}),
    (ObjectsContract, OBJECTS, {MemoryObjects: "", **objects.BROKEN}),
    (JournalContract, JOURNAL, {MemoryJournal: "", **journals.BROKEN}),
    (RecordsContract, RECORDS, {MemoryRecords: "", **records.BROKEN}),
)
CASES = [
    pytest.param(suite, adapter, kind, promise, id=f"{suite.__name__}-{kind.__name__}")
    for suite, adapter, kinds in PORTS
    for kind, promise in kinds.items()
]


@pytest.mark.parametrize(("suite", "adapter", "kind", "promise"), CASES)
def test_a_broken_promise_is_the_only_one_that_fails(
    suite: type[Contract], adapter: Adapter[Any, Any], kind: type[Any], promise: str
) -> None:
    """``promise`` is empty for the port that keeps them all, ``model`` for subtler faults.

    It names two where the second stands on the first.
    """
    open_kind: Callable[..., Any] = adapter.open  # those in memory take a ``kind``
    broken = Adapter(
        config=adapter.config,
        open=partial(open_kind, kind=kind),
        capabilities=adapter.capabilities,
    )

    failures = _failures(_bind(suite, broken), with_model=promise in ("", "model"))

    assert {_promise_of(test) for test in failures} == set(promise.split()), failures


@pytest.mark.parametrize(("suite", "kinds"), [(suite, kinds) for suite, _, kinds in PORTS])
def test_every_promise_is_broken_by_some_port(
    suite: type[Contract], kinds: Mapping[type[Any], str]
) -> None:
    proved = {_promise_of(name) for name in dir(suite) if name.startswith("test_")}

    broken = {promise for promises in kinds.values() for promise in promises.split()}
    assert proved == broken | proved & {"claim"}


def _bind(suite: type[Contract], adapter: Adapter[Any, Any]) -> Contract:
    def config(self: Contract) -> AdapterConfig:
        fresh: AdapterConfig = adapter.config.model_validate({"name": self.fresh_name()})
        return fresh

    bound: type[Contract] = type(
        suite.__name__, (suite,), {"adapter": adapter, "config": config, **QUICK}
    )
    return bound()


def _failures(suite: Contract, *, with_model: bool) -> dict[str, BaseException]:
    """Run the suite's tests side by side, they mostly wait; the model alone: it is not for threads.

    A skip counts as a failure: ports in memory can do everything.
    """
    names = [name for name in dir(suite) if name.startswith("test_") and name != MODEL]
    with ThreadPoolExecutor(8) as threads:
        running = {name: threads.submit(getattr(suite, name)) for name in names}
    results = {name: future.exception() for name, future in running.items()}
    if with_model:
        with ThreadPoolExecutor(1) as threads:
            results[MODEL] = threads.submit(getattr(suite, MODEL)).exception()
    return {name: error for name, error in results.items() if error is not None}


def _promise_of(test: str) -> str:
    """``q1`` of ``test_q1_…``, or what else the test proves."""
    if test == MODEL:
        return "model"
    found = re.match(r"test_(claim|[a-z]\d)_", test)
    assert found, f"{test} names no guarantee"
    return found[1]
