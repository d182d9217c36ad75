"""The contract of ``hh_core.ports.objects``. Test oN proves guarantee ON of the port."""

import asyncio
from contextlib import AbstractContextManager
from functools import partial

import pytest

from hh_conformance.contract import Contract, lifetimes, scenario
from hh_conformance.faults import SupportsFull
from hh_conformance.histories import compare_histories
from hh_conformance.objects_history import ObjectsMachine
from hh_core.errors import (
    ClosedError,
    ConflictError,
    NotFoundError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.registry import AdapterConfig

LARGE = 4 << 20
ROUNDS = 5
NO_KEYS = ("", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "...", "a b", "ä", "a\\b", "a\n",
           "a\0", "x" * 513)  # fmt: skip
IN_ORDER = ("a", "a-b", "a.b", "a/A", "a/b", "a/b-c", "a/b/c", "a/b0", "a0", "a=", "a_", "aa")
"""Keys by code point, not as a walk through folders finds them."""


class ObjectsContract(Contract):
    def full(self, objects: Objects) -> AbstractContextManager[None]:
        """The store has no room for another byte while the block runs."""
        if isinstance(objects, SupportsFull):
            return objects.full()
        pytest.skip("override `full` to say how this store fills up")

    @lifetimes
    async def test_o1_what_was_put_survives_a_crash(self, config: AdapterConfig) -> None:
        data = bytes(range(256)) * 1000
        await self.crash_after(config, partial(put, key="raw/a", data=data))

        async with self.adapter.open(config) as objects:
            assert await objects.get("raw/a") == data

    @lifetimes
    async def test_o1_what_was_put_is_there_when_opened_again(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as objects:
            await objects.put("raw/a", b"")
            await objects.put("raw/b", b"b")

        async with self.adapter.open(config) as objects:
            assert await objects.get("raw/a") == b""
            assert await objects.get("raw/b") == b"b"

    @scenario
    async def test_o1_any_key_that_matches_is_kept_apart(self, objects: Objects) -> None:
        keys = [*IN_ORDER, "A", "x" * 512, "day=2026-01-02/a.b..c/-"]
        for key in keys:
            await objects.put(key, key.encode())

        assert [await objects.get(key) for key in keys] == [key.encode() for key in keys]

    @lifetimes
    async def test_o2_a_reader_never_sees_a_part(self, config: AdapterConfig) -> None:
        """One thread replaces an object while another reads and lists it."""
        async with self.adapter.open(config) as objects:
            await objects.put("raw/large", b"0" * LARGE)
        answers = await self.race(config, [_replace_large, _read_large])

        assert answers == [None, None]

    @lifetimes
    async def test_o2_a_put_that_a_crash_cut_short_left_nothing_or_all(
        self, config: AdapterConfig
    ) -> None:
        await self.crash_after(config, _begin_put)

        async with self.adapter.open(config) as objects:
            assert await objects.list("") in ([], [ObjectInfo("raw/large", LARGE)])
            await objects.put("raw/large", b"l" * LARGE)
            assert await objects.get("raw/large") == b"l" * LARGE

    @scenario
    async def test_o2_a_put_that_was_cancelled_left_nothing_or_all(self, objects: Objects) -> None:
        for turns in range(4):
            key = f"raw/{turns}"
            put = asyncio.ensure_future(objects.put(key, b"l" * LARGE))
            for _ in range(turns):
                await asyncio.sleep(0)
            put.cancel()
            await asyncio.gather(put, return_exceptions=True)

            assert await objects.list(key) in ([], [ObjectInfo(key, LARGE)])

    @scenario
    async def test_o3_a_put_of_the_same_bytes_changes_nothing(self, objects: Objects) -> None:
        await objects.put("raw/a", b"one")
        await objects.put("raw/a", b"one")

        assert await objects.get("raw/a") == b"one"

    @scenario
    async def test_o3_a_put_of_other_bytes_is_a_conflict(self, objects: Objects) -> None:
        await objects.put("raw/a", b"one")
        for other in (b"two", b"", b"one and more"):
            with pytest.raises(ConflictError):
                await objects.put("raw/a", other)

        assert await objects.get("raw/a") == b"one"

    @scenario
    async def test_o3_a_replacing_put_wins(self, objects: Objects) -> None:
        await objects.put("raw/a", b"one")
        await objects.put("raw/a", b"2", replace=True)

        assert await objects.get("raw/a") == b"2"

    @lifetimes
    async def test_o3_of_racing_puts_exactly_one_wins(self, config: AdapterConfig) -> None:
        for number in range(ROUNDS):
            key = f"raw/{number}"
            rivals = [b"%d" % rival * 1000 for rival in range(4)]
            results = await self.race(config, [partial(put, key=key, data=r) for r in rivals])
            winners = [r for r, result in zip(rivals, results, strict=True) if result is None]

            assert [type(result) for result in results if result is not None] == 3 * [ConflictError]
            async with self.adapter.open(config) as objects:
                assert [await objects.get(key)] == winners

    @lifetimes
    async def test_o3_racing_puts_of_the_same_bytes_all_succeed(
        self, config: AdapterConfig
    ) -> None:
        for number in range(ROUNDS):
            same = partial(put, key=f"raw/{number}", data=b"same" * 1000)

            assert await self.race(config, 4 * [same]) == 4 * [None]

    @scenario
    async def test_o4_a_listing_is_in_key_order_with_sizes(self, objects: Objects) -> None:
        for key in reversed(IN_ORDER):
            await objects.put(key, key.encode())

        assert list(await objects.list("")) == [ObjectInfo(key, len(key)) for key in IN_ORDER]

    @scenario
    async def test_o4_pages_see_each_object_once(self, objects: Objects) -> None:
        for key in IN_ORDER:
            await objects.put(key, b"")
        for limit in (1, 2, 5):
            seen, after = [], ""
            while page := await objects.list("a", after=after, limit=limit):
                assert len(page) <= limit
                seen += [info.key for info in page]
                after = page[-1].key
                assert len(seen) <= len(IN_ORDER), "pages repeat objects"

            assert tuple(seen) == IN_ORDER

    @scenario
    async def test_o4_a_prefix_is_text_not_a_folder(self, objects: Objects) -> None:
        for key in IN_ORDER:
            await objects.put(key, b"")
        for prefix in ("a", "a/", "a/b", "a/b/", "a.", "b"):
            expected = [key for key in IN_ORDER if key.startswith(prefix)]

            assert [info.key for info in await objects.list(prefix)] == expected
        assert [info.key for info in await objects.list("a/b", after="a/b-c", limit=2)] == [
            "a/b/c",
            "a/b0",
        ]
        assert [info.key for info in await objects.list("a/b", after="a", limit=1)] == ["a/b"]
        assert list(await objects.list("a/b", after="a0")) == []

    @scenario
    async def test_o4_a_deleted_object_is_not_listed(self, objects: Objects) -> None:
        for key in ("a/1", "a/2", "a/3"):
            await objects.put(key, b"")
        await objects.delete(["a/1", "a/3"])

        assert [info.key for info in await objects.list("a/")] == ["a/2"]

    @scenario
    async def test_o5_a_missing_object_is_not_found(self, objects: Objects) -> None:
        with pytest.raises(NotFoundError):
            await objects.get("raw/missing")
        with pytest.raises(NotFoundError):
            await objects.get("raw/missing", start=1, end=2)

    @scenario
    async def test_o5_deleting_what_is_missing_is_no_error(self, objects: Objects) -> None:
        await objects.put("raw/a", b"a")
        await objects.delete(["raw/missing", "raw/a"])
        await objects.delete(["raw/a"])
        await objects.delete([])

        with pytest.raises(NotFoundError):
            await objects.get("raw/a")

    @scenario
    async def test_o5_a_range_is_cut_at_the_end(self, objects: Objects) -> None:
        data = b"0123456789"
        await objects.put("raw/a", data)
        await objects.put("raw/empty", b"")
        for start, end in ((0, 3), (2, 5), (7, None), (7, 100), (10, None), (10, 12), (50, 60),
                           (3, 3), (0, 0)):  # fmt: skip
            assert await objects.get("raw/a", start=start, end=end) == data[start:end]
        assert await objects.get("raw/empty", start=0, end=5) == b""

    @scenario
    async def test_o5_what_is_not_a_key_is_rejected(self, objects: Objects) -> None:
        for key in NO_KEYS:
            with pytest.raises(RejectedError):
                await objects.put(key, b"x")
            with pytest.raises(RejectedError):
                await objects.get(key)

        assert list(await objects.list("")) == []

    @lifetimes
    async def test_o5_use_after_close_raises_closed(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as objects:
            await objects.ping()

        uses = (
            partial(objects.put, "a", b""),
            partial(objects.get, "a"),
            partial(objects.list, ""),
            partial(objects.delete, ["a"]),
        )
        for use in uses:
            with pytest.raises(ClosedError):
                await use()

    @scenario
    async def test_o5_a_full_store_is_overloaded_until_there_is_room(
        self, objects: Objects
    ) -> None:
        await objects.put("raw/a", b"a")
        with self.full(objects):
            with pytest.raises(OverloadedError):
                await objects.put("raw/b", b"b" * 1000)
            assert await objects.get("raw/a") == b"a"

        assert [info.key for info in await objects.list("")] == ["raw/a"]
        await objects.put("raw/b", b"b" * 1000)

    @scenario
    async def test_o5_an_outage_is_unavailable_and_passes(self, objects: Objects) -> None:
        await objects.put("raw/a", b"a")
        with self.outage(objects):
            for use in (
                partial(objects.get, "raw/a"),
                partial(objects.put, "raw/b", b"b"),
                objects.ping,
            ):
                with pytest.raises(UnavailableError):
                    await use()

        while True:
            try:
                assert await objects.get("raw/a") == b"a"
                break
            except UnavailableError:
                await asyncio.sleep(0.05)

    def test_any_history_matches_the_model(self) -> None:
        """Put, replace, get, list and delete, also after opening again: a dictionary."""
        compare_histories(self, ObjectsMachine)


async def put(objects: Objects, *, key: str, data: bytes) -> None:
    """An act for ``race`` and ``crash_after``."""
    await objects.put(key, data)


async def _begin_put(objects: Objects) -> None:
    put = asyncio.ensure_future(objects.put("raw/large", b"l" * LARGE))
    await asyncio.wait([put], timeout=0.003)


async def _replace_large(objects: Objects) -> None:
    for number in range(10):
        await objects.put("raw/large", b"%d" % number * (LARGE // (1 + number % 2)), replace=True)


async def _read_large(objects: Objects) -> None:
    data = b""
    while data[:1] != b"9":
        data = await objects.get("raw/large")
        assert len(set(data)) == 1, "two versions were mixed"
        assert len(data) == LARGE // (1 + int(data[:1]) % 2), "a part was read"
        (info,) = await objects.list("raw/")
        assert info.size in (LARGE, LARGE // 2), "a part was listed"
        await asyncio.sleep(0)
