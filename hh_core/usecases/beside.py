"""A question that is asked while something else is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

AnswerT = TypeVar("AnswerT")


@asynccontextmanager
async def beside(question: Awaitable[AnswerT]) -> AsyncIterator[asyncio.Future[AnswerT]]:
    """The answer to ``question``, asked from now on; given up when the block ends, and whatever it
    has raised that nobody waited for is forgotten."""
    asking = asyncio.ensure_future(question)
    try:
        yield asking
    finally:
        asking.cancel()
        await asyncio.wait((asking,))
        if not asking.cancelled():
            asking.exception()
