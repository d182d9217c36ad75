"""The pages that are made from code say what the code says, and leave nothing out."""

import importlib.util
from pathlib import Path
from types import ModuleType

from hh_core.domain.policy import OPERATIONS

DOCS = Path(__file__).parents[2] / "docs"


def _made_by(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_setting_is_documented() -> None:
    assert _made_by("reference").undocumented() == []


def test_the_settings_page_is_fresh() -> None:
    pages = _made_by("reference").pages()

    assert (DOCS / "configuration.md").read_text() == pages, "run: make docs"


def test_the_permissions_page_is_fresh() -> None:
    page = _made_by("permissions").page()

    assert (DOCS / "permissions.md").read_text() == page, "run: make docs"


def test_the_permissions_page_names_every_operation() -> None:
    page = _made_by("permissions").page()

    assert [row.name for row in OPERATIONS if f"`{row.name}`" not in page] == []
