"""A suite runs against whatever adapter a configuration table names."""

import asyncio
from functools import partial

import pytest

from hh_conformance.contract import Contract
from hh_conformance.crash import die_after
from hh_conformance.objects import put
from hh_conformance.runner import run_suite, suite_for
from hh_core.errors import ConfigError, RejectedError
from hh_memory.objects import ADAPTER, ObjectsConfig

QUIET = ("-q",)


@pytest.mark.parametrize("port", ["objects", "records"])
def test_a_conforming_adapter_exits_with_zero(port: str) -> None:
    assert run_suite(port, {"adapter": "memory", "name": "{fresh}"}, pytest_args=QUIET) == 0


def test_tests_that_share_state_fail() -> None:
    arguments = (*QUIET, "-k", "r1 or r5")

    assert run_suite("records", {"adapter": "memory", "name": "same"}, pytest_args=arguments) == 1


def test_a_fresh_name_stands_wherever_the_table_says_so() -> None:
    suite = suite_for("objects", {"adapter": "memory", "name": "test-{fresh}"})()
    names = {suite.config().model_dump()["name"] for _ in range(3)}

    assert len(names) == 3
    assert all(name.startswith("test-") and "{" not in name for name in names)


def test_mistakes_in_the_table_are_told_before_anything_runs() -> None:
    for port, table in (
        ("nonsense", {"adapter": "memory"}),
        ("objects", {"adapter": "nonsense"}),
        ("objects", {"adapter": "memory", "nam": "x"}),
    ):
        with pytest.raises(ConfigError):
            run_suite(port, table)


def test_a_test_of_a_suite_cannot_be_overridden() -> None:
    suite = suite_for("objects", {"adapter": "memory"})

    with pytest.raises(TypeError, match="overrides"):
        type("Lenient", (suite,), {"test_o1_what_was_put_survives_a_crash": lambda self: None})
    with pytest.raises(TypeError, match="waives"):
        type("Lenient", (suite,), {"waivers": {"test_o1_no_such_test": "why"}})


def test_a_waiver_is_a_strict_expected_failure() -> None:
    suite: type[Contract] = suite_for("objects", {"adapter": "memory"})
    name = "test_o1_what_was_put_survives_a_crash"
    waived = type("Waived", (suite,), {"waivers": {name: "to be shown"}})

    (mark,) = getattr(waived, name).pytestmark
    assert (mark.name, mark.kwargs) == ("xfail", {"reason": "to be shown", "strict": True})


def test_a_process_that_is_to_crash_does_its_work_first() -> None:
    config = ObjectsConfig(name="crash")

    asyncio.run(die_after(ADAPTER, config, partial(put, key="raw/a", data=b"x")))
    with pytest.raises(AssertionError, match=RejectedError.__name__):
        asyncio.run(die_after(ADAPTER, config, partial(put, key="no key", data=b"x")))
