"""The contract suites that any adapter or plugin must pass."""

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{port}" for port in ("queue", "objects", "journal", "records", "analytics")),
    *(f"{__name__}.analytics_{part}" for part in ("sessions", "questions", "failures", "history")),
)

from hh_conformance.analytics import AnalyticsContract  # noqa: E402
from hh_conformance.contract import Contract  # noqa: E402  # after the registration above
from hh_conformance.journal import JournalContract  # noqa: E402
from hh_conformance.objects import ObjectsContract  # noqa: E402
from hh_conformance.queue import QueueContract  # noqa: E402
from hh_conformance.records import RecordsContract  # noqa: E402

__all__ = [
    "AnalyticsContract",
    "Contract",
    "JournalContract",
    "ObjectsContract",
    "QueueContract",
    "RecordsContract",
]
