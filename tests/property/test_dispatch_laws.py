"""Laws of order (PROMISES P5, P6): behind the receiver, deliveries may come as they like."""

import asyncio
from collections.abc import Sequence
from typing import Any

from dispatch_house import WHEN, WHERE, Dump, dispatch_house
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_segments import PROJECT
from read_house import export, log, log_export, rest_event, span, start, update

from hh_core.domain.identity import span_event_id
from hh_core.domain.segments import SegmentRecord

SPANS = 5
CLAIMS = [None, None, "a", "b"]


@st.composite
def histories(draw: st.DrawFn) -> list[SegmentRecord]:
    """Spans of two traces that claim, or do not, two sessions; updates; session starts; log
    records, some of them twice and some of a span that never comes."""
    accepted: list[SegmentRecord] = []
    for number in draw(st.sets(st.integers(1, SPANS), min_size=1)):
        for _ in range(draw(st.integers(1, 2))):  # the same span sent again, perhaps corrected
            accepted.append(export(draw_span(draw, number), sequence=len(accepted) + 1))
    for session in draw(st.sets(st.sampled_from("ab"))):
        accepted.append(start(session, sequence=len(accepted) + 1, metadata={"by": session}))
    for number in draw(st.lists(st.integers(1, SPANS), max_size=2)):
        fields = {"metrics": {"score": number}}
        accepted.append(update(event(number), sequence=len(accepted) + 1, **fields))
    for number in draw(st.lists(st.integers(1, SPANS + 1), max_size=3)):
        logs = [log(n, "said", trace=1 + n % 2) for n in (number, SPANS)]
        accepted.append(log_export(*logs, sequence=len(accepted) + 1))
    if draw(st.booleans()):
        accepted.append(rest_event(session_id="a", event_id=event(100)))
    return accepted


def draw_span(draw: st.DrawFn, number: int) -> dict[str, Any]:
    claim = draw(st.sampled_from(CLAIMS))
    tokens = draw(st.integers(0, 3))
    return span(
        number,
        trace=1 + number % 2,
        parent=draw(st.integers(0, SPANS)),
        start=draw(st.integers(0, 3)),
        gen_ai__operation__name="chat",
        gen_ai__usage__input_tokens=tokens,
        **({"session__id": claim} if claim else {}),
    )


def event(number: int) -> str:
    trace = (1 + number % 2).to_bytes(16, "big")
    return str(span_event_id(PROJECT, trace, number.to_bytes(8, "big"), None))


async def indexed(
    accepted: Sequence[SegmentRecord],
    deliveries: Sequence[int],
    *,
    faults: Sequence[bool] = (),
    **limits: int,
) -> Dump:
    """One segment for each record, dispatched in the order of ``deliveries``, then all of them."""
    async with dispatch_house(**limits) as house:
        names = [await house.ship(record) for record in accepted]
        house.analytics.away = list(faults)
        await house.point(*[names[index % len(names)] for index in deliveries], *names)
        await house.drain()
        return await house.dump(without=WHEN)


orders = st.lists(st.integers(0, 20), max_size=12)


@settings(max_examples=25, deadline=None)
@given(
    *(histories(), orders, st.lists(st.booleans(), max_size=12)),
    *(st.integers(1, 16), st.integers(1, 8)),
)
def test_permutation_repetition_batching_and_failures_give_the_same_index(
    accepted: list[SegmentRecord],
    deliveries: list[int],
    faults: list[bool],
    segments: int,
    rows: int,
) -> None:
    async def both() -> tuple[Dump, Dump]:
        plain = await indexed(accepted, ())
        limits = {"batch_segments": segments, "batch_rows": rows}
        return plain, await indexed(accepted, deliveries, faults=faults, **limits)

    plain, disturbed = asyncio.run(both())
    assert disturbed == plain


@settings(max_examples=25, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_at_the_door_writes_that_do_not_conflict_may_come_in_any_order(
    accepted: list[SegmentRecord], random: Any
) -> None:
    once = {str(record.body): record for record in accepted if b"resourceSpans" not in record.body}
    spans = {_span_id(record): record for record in accepted if b"resourceSpans" in record.body}
    peaceful = [*once.values(), *spans.values()]
    shuffled = random.sample(peaceful, len(peaceful))

    async def dump(records: Sequence[SegmentRecord]) -> Dump:
        async with dispatch_house() as house:
            for record in records:
                await house.point(await house.ship(record))
                if random.random() < 0.3:
                    await house.drain()
            await house.drain()
            return await house.dump(without=WHERE | WHEN)

    async def both() -> tuple[Dump, Dump]:
        return await dump(peaceful), await dump(shuffled)

    first, second = asyncio.run(both())
    assert first == second


def _span_id(record: SegmentRecord) -> bytes:
    return record.body.partition(b'"spanId": "')[2][:16]
