"""Random histories of records: units of writes on a dictionary, some of which fail."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from hh_conformance.histories import Machine
from hh_core.errors import ConflictError
from hh_core.ports.records import Records, UnitOfWork

KIND = "history"

keys = st.sampled_from(["a", "a%", "a_b", "ab", "b"])
documents = st.dictionaries(
    st.sampled_from("xyz"), st.none() | st.booleans() | st.integers(0, 2), max_size=2
)
Write = tuple[str, str, Mapping[str, Any]]
writes: st.SearchStrategy[Write] = st.one_of(
    st.tuples(st.just("put"), keys, documents),
    st.tuples(st.just("merge"), keys, documents),
    st.tuples(st.just("delete"), keys, st.just({})),
)


class _OnPurposeError(Exception):
    """The reason why a unit of the history fails."""


class RecordsMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.records: Records = self.open()
        self.model: dict[str, dict[str, Any]] = {}

    @rule(plan=st.lists(writes, max_size=4), fail=st.booleans())
    def unit(self, plan: list[Write], fail: bool) -> None:
        expected = self.run(self.attempt(plan, fail))
        if not fail:
            self.model = expected

    @rule(key=keys, value=documents, right=st.booleans())
    def put_on_a_version(self, key: str, value: dict[str, Any], right: bool) -> None:
        conflict = self.run(self.attempt_put(key, value, right))
        assert conflict is not right
        if right:
            self.model[key] = value

    @rule(prefix=st.sampled_from(["", "a", "a%", "a_"]), after=keys, limit=st.integers(1, 3))
    def page(self, prefix: str, after: str, limit: int) -> None:
        matching = [key for key in sorted(self.model) if key.startswith(prefix) and key > after]
        found = self.run(self.find(prefix=prefix, after=after, limit=limit))
        assert list(found.items()) == [(key, self.model[key]) for key in matching[:limit]]

    @rule()
    def open_again(self) -> None:
        self.records = self.reopen()

    @invariant()
    def everything_is_the_model(self) -> None:
        assert self.run(self.find()) == self.model

    async def attempt(self, plan: list[Write], fail: bool) -> dict[str, dict[str, Any]]:
        """Run ``plan`` in one unit; the model as it is if the unit ends well."""
        expected = {key: dict(value) for key, value in self.model.items()}
        try:
            async with self.records.begin() as unit:
                for write in plan:
                    await _apply(unit, expected, write)
                seen = {record.key: record.value for record in await unit.find(KIND)}
                assert seen == expected, "a unit does not see its own writes"
                if fail:
                    raise _OnPurposeError
        except _OnPurposeError:
            pass
        return expected

    async def attempt_put(self, key: str, value: dict[str, Any], right: bool) -> bool:
        """Put on the version that is there, or on another one; whether it was a conflict."""
        try:
            async with self.records.begin() as unit:
                found = await unit.get(KIND, [key])
                version = found[0].version if found else 0
                await unit.put(KIND, key, value, expect=version if right else version + 1)
        except ConflictError:
            return True
        return False

    async def find(self, **options: Any) -> dict[str, Any]:
        async with self.records.begin() as unit:
            return {record.key: record.value for record in await unit.find(KIND, **options)}


async def _apply(unit: UnitOfWork, model: dict[str, dict[str, Any]], write: Write) -> None:
    step, key, value = write
    if step == "put":
        await unit.put(KIND, key, value)
        model[key] = dict(value)
    elif step == "merge":
        await unit.merge(KIND, {key: value})
        model[key] = {**model.get(key, {}), **value}
    else:
        await unit.delete(KIND, [key])
        model.pop(key, None)
