"""The house keeps its shape: shelves, wheel contents, entry points, purity of the domain."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hh_core.registry import PORTS, Adapter, find, group

ROOT = Path(__file__).parents[2]
SHELVES = ("adapters", "plugins", "planes", "conformance")
PURE = {
    "bisect", "collections", "contextlib", "dataclasses", "datetime", "decimal", "difflib",
    "enum", "functools", "hashlib", "heapq", "hmac", "html", "itertools", "json", "math",
    "operator", "re", "string", "types", "typing", "urllib", "uuid", "hh_core", "__future__",
    "ast", "base64", "binascii", "struct", "unicodedata",
}  # fmt: skip


def _project() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_on_a_shelf_is_in_the_wheel_and_typed() -> None:
    listed = set(_project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])  # type: ignore[index]
    present = {
        str(path.parent.relative_to(ROOT))
        for shelf in SHELVES
        for path in (ROOT / shelf).glob("hh_*/__init__.py")
    }

    assert present | {"hh_core"} == listed
    assert [name for name in listed if not (ROOT / name / "py.typed").exists()] == []


def test_a_shelf_is_not_a_package() -> None:
    assert [shelf for shelf in SHELVES if (ROOT / shelf / "__init__.py").exists()] == []


@pytest.mark.parametrize("port", sorted(PORTS))
def test_every_entry_point_is_an_adapter(port: str) -> None:
    names = [entry.name for entry in entry_points(group=group(port))]

    assert "memory" in names
    assert all(isinstance(find(port, name), Adapter) for name in names)


@pytest.mark.parametrize(
    "module", sorted((ROOT / "hh_core" / "domain").glob("*.py")), ids=lambda path: path.name
)
def test_the_domain_imports_only_what_is_pure(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module.split(".")[0])

    assert imported <= PURE


def test_installed_is_not_imported() -> None:
    code = (
        "import sys, hh_core.registry; "
        "print([name for name in sys.modules if name.startswith(('hh_nats', 'nats', 'chdb'))])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert answer.stdout.strip() == b"[]"


def test_the_built_wheel_holds_our_packages_only(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}
    assert all(top.startswith("hh_") for top in tops)
    assert "hh_clickhouse/migrations" in {"/".join(name.split("/")[:2]) for name in names}
    assert any(name.startswith("hh_runtime/schema/") for name in names)
    assert "hh_control/static/index.html" in names, "run: make web"
    assert any(re.fullmatch(r"hh_control/static/assets/.*\.js\.br", name) for name in names)


def test_nothing_tracked_names_a_registry_or_a_lock_with_addresses() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"uv.lock", "poetry.lock"}.isdisjoint(Path(name).name for name in tracked)
    locked = [name for name in tracked if name.endswith("package-lock.json")]
    assert [name for name in locked if '"resolved"' in (ROOT / name).read_text()] == []
