"""The contract of ``hh_core.ports.records``. Test rN proves guarantee RN of the port."""

import asyncio
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from hh_conformance.contract import Contract, lifetimes, scenario
from hh_conformance.histories import compare_histories
from hh_conformance.records_history import RecordsMachine
from hh_core.errors import ClosedError, ConflictError, PortError, UnavailableError
from hh_core.ports.records import Document, Records
from hh_core.registry import AdapterConfig

KIND = "conformance"
ROUNDS = 5
IN_ORDER = ("%", "A", "Z", "_", "a", "a b", "a%c", "a*", "a/b", "a\\c", "a_c", "ab", "abc", "b",
            "x" * 256, "é", "日本", "🙂")  # fmt: skip
"""Keys by code point, with every character that some backend takes for a wildcard."""
VALUE: Document = {
    "text": "quote \" ' \\ % _ $1 ${x} {fresh} é 🙂 \n",
    "whole": 2**53,
    "negative": -1,
    "fraction": 0.1,
    "yes": True,
    "nothing": None,
    "list": [1, "2", [], {}],
    "object": {"b": {"c": []}, "a": ""},
    "": "empty field",
}


class RecordsContract(Contract):
    @scenario
    async def test_r1_all_writes_of_a_unit_take_effect(self, records: Records) -> None:
        async with records.begin() as unit:
            await unit.put(KIND, "old", {"n": 0})
        async with records.begin() as unit:
            await unit.put(KIND, "a", VALUE)
            await unit.merge(KIND, {"b": {"n": 2}, "c": {"n": 3}})
            await unit.delete(KIND, ["old", "missing"])

        values = await _values(records)
        assert values == {"a": VALUE, "b": {"n": 2}, "c": {"n": 3}}

    @scenario
    async def test_r1_a_unit_that_raises_changes_nothing(self, records: Records) -> None:
        await _put(records, "a", {"n": 1})
        with pytest.raises(ZeroDivisionError):
            await _write_all_and_raise(records)

        assert await _values(records) == {"a": {"n": 1}}

    @scenario
    async def test_r4_a_unit_in_conflict_changes_nothing(self, records: Records) -> None:
        await _put(records, "a", {"n": 1})
        with pytest.raises(ConflictError):
            await _write_and_conflict(records)

        assert await _values(records) == {"a": {"n": 1}}

    @lifetimes
    async def test_r1_a_reader_never_sees_half_of_a_unit(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as records, records.begin() as unit:
            await unit.put(KIND, "a", {"n": 0})
            await unit.put(KIND, "b", {"n": 0})

        assert await self.race(config, [_write_pairs, _read_pairs]) == [None, None]

    @scenario
    async def test_r1_a_unit_sees_its_own_writes(self, records: Records) -> None:
        await _put(records, "gone", {"n": 0})
        async with records.begin() as unit:
            await unit.put(KIND, "a", {"n": 1})
            await unit.merge(KIND, {"a": {"m": 2}})
            await unit.delete(KIND, ["gone"])

            assert {record.key: record.value for record in await unit.find(KIND)} == {
                "a": {"n": 1, "m": 2}
            }
            (found,) = await unit.get(KIND, ["gone", "a"])
            assert found.value == {"n": 1, "m": 2}

    @lifetimes
    async def test_r2_what_a_unit_wrote_survives_a_crash(self, config: AdapterConfig) -> None:
        await self.crash_after(config, _end_one_unit_and_begin_another)

        async with self.adapter.open(config) as records:
            assert await _values(records) == {"ended": VALUE}

    @lifetimes
    async def test_r2_what_a_unit_wrote_is_there_when_opened_again(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as records:
            await _put(records, "a", VALUE)

        async with self.adapter.open(config) as records:
            assert await _values(records) == {"a": VALUE}

    @lifetimes
    async def test_r3_a_unit_never_sees_unfinished_writes(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as writer, self.adapter.open(config) as reader:
            await _put(writer, "old", {"n": 1})
            async with writer.begin() as unit:
                await unit.put(KIND, "new", {"n": 2})
                await unit.merge(KIND, {"old": {"n": 2}})
                for records in (writer, reader):
                    assert await _values(records) == {"old": {"n": 1}}

            assert await _values(reader) == {"new": {"n": 2}, "old": {"n": 2}}

    @scenario
    async def test_r4_versions_count_the_puts(self, records: Records) -> None:
        for version in (1, 2, 3):
            await _put(records, "a", {"n": version}, expect=version - 1)
            async with records.begin() as unit:
                (found,) = await unit.get(KIND, ["a"])
                assert (found.kind, found.key) == (KIND, "a")
                assert (found.value, found.version) == ({"n": version}, version)

    @scenario
    async def test_r4_a_put_on_another_version_is_a_conflict(self, records: Records) -> None:
        await _put(records, "a", {"n": 1})
        await _put(records, "a", {"n": 2})
        for key, expect in (("a", 0), ("a", 1), ("a", 3), ("missing", 1)):
            with pytest.raises(ConflictError):
                await _put(records, key, {"n": 3}, expect=expect)

        assert await _values(records) == {"a": {"n": 2}}

    @lifetimes
    async def test_r4_of_racing_puts_exactly_one_wins(self, config: AdapterConfig) -> None:
        for version in range(ROUNDS):
            gate = threading.Barrier(4, timeout=self.timeout)
            rivals = [partial(_put_late, rival=n, expect=version, gate=gate) for n in range(4)]
            results = await self.race(config, rivals)
            winners = [n for n, result in enumerate(results) if result is None]

            assert [type(result) for result in results if result is not None] == 3 * [ConflictError]
            async with self.adapter.open(config) as records:
                assert await _values(records) == {"a": {"rival": winners[0]}}

    @lifetimes
    async def test_r5_racing_merges_of_different_fields_all_take_effect(
        self, config: AdapterConfig
    ) -> None:
        for number in range(ROUNDS):
            key, gate = f"key-{number}", threading.Barrier(4, timeout=self.timeout)
            rivals = [partial(_merge_late, key=key, field=f"f{n}", gate=gate) for n in range(4)]

            assert await self.race(config, rivals) == 4 * [None]
            async with self.adapter.open(config) as records, records.begin() as unit:
                (found,) = await unit.get(KIND, [key])
                assert found.value == {"f0": 1, "f1": 1, "f2": 1, "f3": 1}

    @scenario
    async def test_r5_a_merge_sets_top_level_fields_only(self, records: Records) -> None:
        await _put(records, "a", {"kept": 1, "replaced": {"x": 1}, "null": 1})
        async with records.begin() as unit:
            await unit.merge(KIND, {"a": {"replaced": {"y": 2}, "null": None}, "b": {}})

        assert await _values(records) == {
            "a": {"kept": 1, "replaced": {"y": 2}, "null": None},
            "b": {},
        }

    @scenario
    async def test_r6_find_answers_in_the_order_of_code_points(self, records: Records) -> None:
        await _put_all(records, reversed(IN_ORDER))
        async with records.begin() as unit:
            await unit.put("another-kind", "a", {})
            assert tuple(record.key for record in await unit.find(KIND)) == IN_ORDER

    @scenario
    async def test_r6_pages_see_each_record_once(self, records: Records) -> None:
        await _put_all(records, IN_ORDER)
        for limit in (1, 2, 5):
            seen, after = [], ""
            async with records.begin() as unit:
                while page := await unit.find(KIND, after=after, limit=limit):
                    assert len(page) <= limit
                    seen += [record.key for record in page]
                    after = page[-1].key
                    assert len(seen) <= len(IN_ORDER), "pages repeat records"

            assert tuple(seen) == IN_ORDER

    @scenario
    async def test_r6_no_character_of_a_prefix_is_a_wildcard(self, records: Records) -> None:
        await _put_all(records, IN_ORDER)
        for prefix in ("", "a", "a_", "a%", "%", "_", "a\\", "a*", "A", "é", "🙂", "no"):
            expected = [key for key in IN_ORDER if key.startswith(prefix)]
            async with records.begin() as unit:
                assert [record.key for record in await unit.find(KIND, prefix=prefix)] == expected
                later = await unit.find(KIND, prefix=prefix, after="a_c", limit=2)
                assert [record.key for record in later] == [k for k in expected if k > "a_c"][:2]

    @scenario
    async def test_r6_where_compares_top_level_fields(self, records: Records) -> None:
        values: dict[str, Document] = {
            "1": {"n": 1, "tags": {"x": 1}},
            "2": {"n": 1, "tags": {"x": 1, "y": 2}, "m": "x"},
            "3": {"n": True, "tags": [1], "m": None},
            "4": {"n": "1", "tags": [1, 2]},
        }
        async with records.begin() as unit:
            for key, value in values.items():
                await unit.put(KIND, key, value)
        wanted: list[tuple[Document, str]] = [
            ({}, "1234"), ({"n": 1}, "12"), ({"n": True}, "3"), ({"n": "1"}, "4"),
            ({"tags": {"x": 1}}, "1"), ({"tags": [1]}, "3"), ({"m": None}, "134"),
            ({"n": 1, "m": None}, "1"), ({"absent": None}, "1234"), ({"m": ""}, ""),
        ]  # fmt: skip
        for where, keys in wanted:
            async with records.begin() as unit:
                found = [record.key for record in await unit.find(KIND, where=where)]
                assert found == list(keys), where

    @scenario
    async def test_r7_what_cannot_be_stored_raises_a_port_error(self, records: Records) -> None:
        for key, value in (("", {}), ("a\0", {}), ("x" * 257, {}), ("a", {"n": float("nan")})):
            with pytest.raises(PortError):
                await _put(records, key, value)

        assert await _values(records) == {}

    @scenario
    async def test_r7_a_nul_in_a_text_is_kept_or_refused(self, records: Records) -> None:
        value = {"text": "a\0b"}
        try:
            await _put(records, "a", value)
        except PortError:
            assert await _values(records) == {}
        else:
            assert await _values(records) == {"a": value}

    @lifetimes
    async def test_r7_use_after_close_raises_closed(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as records:
            await records.ping()

        with pytest.raises(ClosedError):
            async with records.begin():
                pass
        with pytest.raises(ClosedError):
            await records.ping()

    @scenario
    async def test_r7_an_outage_is_unavailable_and_passes(self, records: Records) -> None:
        await _put(records, "a", {"n": 1})
        with self.outage(records):
            for use in (partial(_put, records, "b", {"n": 2}), records.ping):
                with pytest.raises(UnavailableError):
                    await use()

        while True:
            try:
                assert await _values(records) == {"a": {"n": 1}}
                break
            except UnavailableError:
                await asyncio.sleep(0.05)

    def test_any_history_matches_the_model(self) -> None:
        """Units of puts, merges and deletes that end well or badly: a dictionary."""
        compare_histories(self, RecordsMachine)


async def _values(records: Records) -> dict[str, Document]:
    async with records.begin() as unit:
        return {record.key: record.value for record in await unit.find(KIND)}


async def _put(records: Records, key: str, value: Document, *, expect: int | None = None) -> None:
    async with records.begin() as unit:
        await unit.put(KIND, key, value, expect=expect)


async def _put_all(records: Records, keys: Iterable[str]) -> None:
    async with records.begin() as unit:
        for key in keys:
            await unit.put(KIND, key, {})


async def _write_all_and_raise(records: Records) -> None:
    async with records.begin() as unit:
        await unit.put(KIND, "a", {"n": 2})
        await unit.put(KIND, "b", {"n": 2})
        await unit.merge(KIND, {"c": {"n": 2}})
        await unit.delete(KIND, ["a"])
        raise ZeroDivisionError


async def _write_and_conflict(records: Records) -> None:
    async with records.begin() as unit:
        await unit.put(KIND, "b", {"n": 2})
        await unit.put(KIND, "a", {"n": 2}, expect=7)


async def _end_one_unit_and_begin_another(records: Records) -> None:
    await _put(records, "ended", VALUE)
    context = records.begin()  # left open on purpose: a killed process does not end its units
    unit = await context.__aenter__()
    await unit.put(KIND, "unfinished", VALUE)
    _LEFT_OPEN.append(context)


_LEFT_OPEN: list[Any] = []
"""Keeps units from the garbage collector, which would end them."""


async def _write_pairs(records: Records) -> None:
    for number in range(1, 31):
        async with records.begin() as unit:
            await unit.put(KIND, "a", {"n": number})
            await unit.merge(KIND, {"b": {"n": number}})


async def _read_pairs(records: Records) -> None:
    number = 0
    while number < 30:
        async with records.begin() as unit:
            one, other = await unit.get(KIND, ["a", "b"])
        assert one.value == other.value, "half of a unit was seen"
        number = one.value["n"]
        await asyncio.sleep(0)


async def _put_late(records: Records, *, rival: int, expect: int, gate: threading.Barrier) -> None:
    """Every rival has read before any of them writes."""
    async with records.begin() as unit:
        await unit.get(KIND, ["a"])
        gate.wait()
        await unit.put(KIND, "a", {"rival": rival}, expect=expect)


async def _merge_late(records: Records, *, key: str, field: str, gate: threading.Barrier) -> None:
    async with records.begin() as unit:
        await unit.get(KIND, [key])
        gate.wait()
        await unit.merge(KIND, {key: {field: 1}})
