"""The tables that benchmarks write into the guide."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = (
    *("ingest", "mix", "latency", "read", "read-large", "browser", "lists"),
    *("rebuild", "soak", "peers"),
)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import report  # type: ignore[import-not-found]

    monkeypatch.delitem(sys.modules, "report")
    found: ModuleType = report
    return found


def test_the_page_has_a_place_for_every_table(report: ModuleType) -> None:
    page = report.PAGE.read_text()
    for section in SECTIONS:
        assert report.replaced(page, section, "new") != page
    assert len(re.findall(r"<!-- [\w-]+:begin -->", page)) == len(SECTIONS)


def test_only_what_stands_between_the_markers_is_replaced(report: ModuleType) -> None:
    page = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb <!-- y:begin -->kept<!-- y:end -->"

    assert report.replaced(page, "x", "new") == page.replace("\nold\n", "\n\nnew\n\n")
    with pytest.raises(ValueError, match="no markers for 'z'"):
        report.replaced(page, "z", "new")


def test_medians_are_of_the_runs_that_have_the_figure(report: ModuleType) -> None:
    assert report.medians([{"a": 1.0, "b": 5.0}, {"a": 9.0}, {"a": 2.0}]) == {"a": 2.0, "b": 5.0}
