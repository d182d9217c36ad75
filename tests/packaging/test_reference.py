"""The configuration reference says what the settings models say, and leaves nothing out."""

import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_setting_is_documented() -> None:
    assert _reference().undocumented() == []


def test_the_page_is_fresh() -> None:
    assert (DOCS / "configuration.md").read_text() == _reference().pages(), "run: make docs"
