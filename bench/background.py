"""Something that goes on in the background while something else is measured."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], float], pause: float) -> Iterator[list[float]]:
    """Does ``act`` at least once, and again after ``pause`` seconds each time. The list holds what
    it answered; what it raised ends it, and is raised at the end."""
    found: list[float] = []
    stopping = threading.Event()

    def going_on() -> None:
        found.append(act())
        while not stopping.wait(pause):
            found.append(act())

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(going_on)
        try:
            yield found
        finally:
            stopping.set()
        running.result()
