"""What every contract suite shares: opening the adapter, claims, waivers, races, crashes."""

import asyncio
import functools
import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import settings

from hh_conformance.crash import die_after
from hh_conformance.faults import SupportsCrash, SupportsOutage
from hh_core.registry import Adapter, AdapterConfig

ContractT = TypeVar("ContractT", bound="Contract")
Test = Callable[[ContractT], None]
Scenario = Callable[[ContractT, Any], Coroutine[Any, Any, None]]
Act = Callable[[Any], Awaitable[Any]]
"""What a test does with an open port."""


class Contract(ABC):
    """Tests that an adapter must pass to be called conforming.

    Subclass a suite, name the adapter and say how to configure it. The tests themselves are
    sealed: overriding one is an error, so a passing run means the same thing for everybody.

    What a suite cannot do to every backend (cut it off, fill it, wipe it) is a hook with a
    default; where the default cannot do it either, the test is a visible skip that names the hook.
    """

    adapter: ClassVar[Adapter[Any, Any]]
    """The very object that your entry point exports."""

    waivers: ClassVar[Mapping[str, str]] = {}
    """Known failures, as ``{"test_name": "why"}``. A waived test that passes fails the run."""

    timeout: ClassVar[float] = 60.0
    """Seconds that one test may take against your backend."""

    quiet: ClassVar[float] = 0.3
    """Seconds in which something that must not happen would have happened on your backend."""

    histories: ClassVar[settings] = settings(
        max_examples=15, stateful_step_count=15, deadline=None, print_blob=True
    )
    """How many random histories are compared with the model, and how long each is."""

    @abstractmethod
    def config(self) -> AdapterConfig:
        """Settings for an adapter that shares no state with any other test."""

    def outage(self, port: Any) -> AbstractContextManager[None]:
        """The backend behind ``port`` is away while the block runs, then back as it was."""
        if isinstance(port, SupportsOutage):
            return port.outage()
        pytest.skip("override `outage` to say how this backend is cut off")

    async def crash_after(self, config: AdapterConfig, act: Act) -> None:
        """Open the port on ``config``, let ``act`` use it, and die without closing anything.

        In a process of its own that is killed, so ``act``, the adapter and ``config`` must pickle.
        A port whose state lives in this process (a test double) has a method ``crash`` instead.
        """
        async with self.adapter.open(config) as port:
            if isinstance(port, SupportsCrash):
                await act(port)
                port.crash()
                return
        await die_after(self.adapter, config, act)

    async def race(self, config: AdapterConfig, acts: Sequence[Act]) -> list[Any]:
        """Run ``acts`` at the same moment, each in a thread with a loop and a port of its own.

        Answers their results in order; an exception is a result.
        """
        gate = threading.Barrier(len(acts), timeout=self.timeout)

        async def run(act: Act) -> Any:
            async with asyncio.timeout(self.timeout), self.adapter.open(config) as port:
                gate.wait()
                return await act(port)

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(len(acts)) as threads:
            running = [loop.run_in_executor(threads, asyncio.run, run(act)) for act in acts]
            return await asyncio.gather(*running, return_exceptions=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
        if sealed := {name for name in inherited & vars(cls).keys() if name.startswith("test_")}:
            raise TypeError(f"{cls.__name__} overrides {sealed}; admit failures in `waivers`")
        waivers = vars(cls).get("waivers", {})  # an inherited one is applied already
        if unknown := waivers.keys() - inherited:
            raise TypeError(f"{cls.__name__} waives {unknown}, which this suite does not have")
        for name, reason in waivers.items():
            setattr(cls, name, _waived(getattr(cls, name), reason))

    @staticmethod
    def fresh_name() -> str:
        """32 hexadecimal digits that no other test has."""
        return uuid.uuid4().hex


def scenario(test: Scenario[ContractT]) -> Test[ContractT]:
    """Run an async test against a freshly opened port, on an event loop of its own."""

    async def opened(suite: ContractT) -> None:
        async with asyncio.timeout(suite.timeout), suite.adapter.open(suite.config()) as port:
            await test(suite, port)

    return _sync(test, opened)


def lifetimes(test: Scenario[ContractT]) -> Test[ContractT]:
    """Run an async test that is given one config, and opens the port itself, as often as it likes.

    What was stored under a config must be there when the same config is opened again.
    """

    async def configured(suite: ContractT) -> None:
        async with asyncio.timeout(suite.timeout):
            await test(suite, suite.config())

    return _sync(test, configured)


def requires(capability: str) -> Callable[[Test[ContractT]], Test[ContractT]]:
    """Skip a test unless the adapter claims ``capability``. A claim made is a claim tested."""

    def decorate(test: Test[ContractT]) -> Test[ContractT]:
        @functools.wraps(test)
        def run(self: ContractT) -> None:
            if capability not in self.adapter.capabilities:
                pytest.skip(f"the adapter does not claim {capability!r}")
            test(self)

        return run

    return decorate


def _sync(
    test: Scenario[ContractT], body: Callable[[ContractT], Coroutine[Any, Any, None]]
) -> Test[ContractT]:
    @functools.wraps(test)
    def run(self: ContractT) -> None:
        asyncio.run(body(self))

    del run.__wrapped__  # or pytest takes the port for a fixture
    return run


def _waived(test: Test[ContractT], reason: str) -> Test[ContractT]:
    @pytest.mark.xfail(reason=reason, strict=True)
    @functools.wraps(test)
    def run(self: ContractT) -> None:
        test(self)

    return run
