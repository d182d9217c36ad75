"""Random histories of an open port, compared with a model of it."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from hh_conformance.contract import Contract

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """Drives a real port and its model side by side, on an event loop of its own."""

    suite: ClassVar[Contract]

    def __init__(self) -> None:
        super().__init__()
        self.loop, self.stack = asyncio.Runner(), AsyncExitStack()
        self.config = self.suite.config()

    def open(self) -> Any:
        return self.enter(self.suite.adapter.open(self.config))

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        return self.run(self.stack.enter_async_context(context))

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(asyncio.wait_for(step, self.suite.timeout))

    def reopen(self) -> Any:
        """Close everything, newest first, and open the port on the same config again."""
        self.loop.run(self.stack.aclose())
        self.stack = AsyncExitStack()
        return self.open()

    def teardown(self) -> None:
        try:
            self.loop.run(self.stack.aclose())
        finally:
            self.loop.close()


def compare_histories(suite: Contract, machine: type[Machine]) -> None:
    """Raise the first difference between ``suite``'s adapter and the model in ``machine``."""
    bound = type(machine.__name__, (machine,), {"suite": suite})
    run_state_machine_as_test(bound, settings=suite.histories)
