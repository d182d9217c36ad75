"""What the soak says of an hour's samples."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import psutil
import pytest

BENCH = Path(__file__).parents[2] / "bench"
MINUTES = range(1, 61)


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    import soak  # type: ignore[import-not-found]

    yield soak
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == BENCH:
            del sys.modules[name]


def _samples(soak: ModuleType, memory: Sequence[float], descriptors: Sequence[int]) -> list[object]:
    return [
        soak.Sample(60.0 * minute, {"one": mb, "two": 1.0}, {"one": count, "two": 3}, 1_000)
        for minute, mb, count in zip(MINUTES, memory, descriptors, strict=True)
    ]


def _verdicts(soak: ModuleType, samples: list[object], unread: int = 0) -> dict[str, str]:
    sent = soak.Sent(spans=1, latencies=[0.01])
    told, _ = soak.tables(samples, sent, 9_000.0, unread)
    return {row[0]: row[3] for row in told.rows}


def test_memory_that_stays_and_a_file_that_is_open_for_a_moment_hold(soak: ModuleType) -> None:
    descriptors = [40] * 59 + [400]

    found = _verdicts(soak, _samples(soak, [100.0] * 60, descriptors))

    assert set(found.values()) == {"holds", None}


def test_the_end_is_compared_with_the_minutes_20_to_30(soak: ModuleType) -> None:
    growing = [100.0] * 30 + [107.0] * 30

    found = _verdicts(soak, _samples(soak, growing, [40] * 45 + [46] * 15))

    assert found["PSS, last sixth over third"] == "misses"
    assert found["descriptors that one process keeps"] == "misses"


def test_files_of_merges_that_are_open_most_of_the_time_are_not_kept(soak: ModuleType) -> None:
    descriptors = [40] * 45 + [400] * 14 + [45]

    found = _verdicts(soak, _samples(soak, [100.0] * 60, descriptors))

    assert found["descriptors that one process keeps"] == "holds"


def test_an_acked_span_that_nobody_can_read_is_a_miss(soak: ModuleType) -> None:
    found = _verdicts(soak, _samples(soak, [100.0] * 60, [40] * 60), unread=1)

    assert found["acked spans that nobody can read"] == "misses"


def test_files_that_go_meanwhile_are_left_out_of_the_sum(soak: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "a.log").write_bytes(b"x" * 10_000)
    (tmp_path / "engine" / "gone.log").symlink_to(tmp_path / "nowhere")
    stack = sys.modules["stack"]

    assert stack.Stack(tmp_path, {}).log_bytes() >= 10_000
    assert stack.Stack(tmp_path / "nowhere", {}).log_bytes() == 0


def test_statistics_of_threads_are_no_descriptors_that_a_process_keeps(soak: ModuleType) -> None:
    count, process = sys.modules[soak.Stack.__module__].descriptors, psutil.Process()
    before = count(process)
    (thread, *_) = Path("/proc/self/task").iterdir()

    with (Path("/proc") / str(process.pid) / "task" / thread.name / "stat").open():
        of_threads = count(process)
    with Path(__file__).open():
        kept = count(process)

    assert (of_threads, kept) == (before, before + 1)
