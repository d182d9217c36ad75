"""Whatever breaks, in whatever order: what is acknowledged is stored once, the rest at most once.

Virtual time: a run of minutes with kills, full and broken disks and an absent store takes
milliseconds, and the same choices give the same run.
"""

import asyncio
from contextlib import ExitStack
from typing import Any

import virtual_time
from hypothesis import given, settings
from hypothesis import strategies as st
from write_node import Node

from hh_core.errors import UnavailableError

Step = tuple[str, float]
FAULTS = ("store", "disk", "full", "queue", "records")

steps = st.lists(
    st.tuples(
        st.sampled_from(("write", "write", "write", "wait", "heal", "nudge", *FAULTS)),
        st.sampled_from((0.0, 0.001, 0.004, 0.006, 0.05, 0.25, 3.0)),
    ),
    max_size=25,
)
lives = st.lists(steps, min_size=1, max_size=3)


@settings(deadline=None, max_examples=150)
@given(lives, st.sampled_from(("disk", "object")))
def test_what_is_acknowledged_is_stored_once_whatever_fails(
    histories: list[list[Step]], durability: str
) -> None:
    node = Node(durability)

    acknowledged, tried = virtual_time.run(_lives(node, histories))

    stored = node.texts()
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored) <= tried
    versions = [(record.header.received_ms, record.header.sequence) for record in node.stored()]
    assert len(set(versions)) == len(versions)


async def _lives(node: Node, histories: list[list[Step]]) -> tuple[set[str], set[str]]:
    acknowledged: set[str] = set()
    tried: set[str] = set()
    for number, history in enumerate(histories):
        async with node.killed():
            writing = await _live(node, history, f"{number}.", acknowledged, tried)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
    async with node.running():
        await asyncio.sleep(60)
    return acknowledged, tried


async def _live(
    node: Node, history: list[Step], prefix: str, acknowledged: set[str], tried: set[str]
) -> list[asyncio.Task[None]]:
    async def write(text: str) -> None:
        try:
            await node.write(text)
        except UnavailableError:
            return
        acknowledged.add(text)

    writing: list[asyncio.Task[None]] = []
    faults: dict[str, Any] = {
        "store": lambda: node.objects.outage(),
        "disk": lambda: node.journal.broken_disk(),
        "full": lambda: node.journal.full(),
        "queue": lambda: node.queue.outage(),
        "records": lambda: node.records.outage(),
    }
    with ExitStack() as broken:
        for number, (step, seconds) in enumerate(history):
            if step == "write":
                tried.add(f"{prefix}{number}")
                writing.append(asyncio.create_task(write(f"{prefix}{number}")))
            elif step == "heal":
                broken.close()
            elif step == "nudge":
                node.path.commits.nudge()
            elif step in faults:
                broken.enter_context(faults[step]())
            await asyncio.sleep(seconds)
    return writing
