"""The key directory: digests on disk, verified offline."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hh_core.errors import ConfigError
from hh_data.keys import ForbiddenError, KeyDirectory, UnauthenticatedError

PROJECT = "5f0c0a86-6a53-4c2e-9ad3-0f6d1c8f2b11"
KEY_ID = "0b6a7f3e-8a39-4b6e-8a53-4d0a3f1f9c55"


def entry(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "digest": hashlib.sha256(key.encode()).hexdigest(),
        "key_id": KEY_ID,
        "project_id": PROJECT,
        "org_id": "org",
        "workspace_id": "ws",
        "scopes": ["ingest", "read"],
        "expires_ms": None,
        **changes,
    }


def write(path: Path, *entries: dict[str, Any]) -> Path:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"version": 1, "keys": entries}))
    os.replace(fresh, path)
    return path


def test_a_key_names_its_project(tmp_path: Path) -> None:
    directory = KeyDirectory(write(tmp_path / "keys.json", entry("hh_one")))

    principal = directory.authenticate("Bearer hh_one")

    assert principal.project == UUID(PROJECT)
    assert directory.authenticate("bearer  hh_one ") == principal
    principal.require("read")
    with pytest.raises(ForbiddenError, match="'admin'"):
        principal.require("admin")


@pytest.mark.parametrize("header", [None, "", "hh_one", "Basic hh_one", "Bearer ", "Bearer hh_two"])
def test_without_a_valid_key_nobody_comes_in(tmp_path: Path, header: str | None) -> None:
    directory = KeyDirectory(write(tmp_path / "keys.json", entry("hh_one")))

    with pytest.raises(UnauthenticatedError):
        directory.authenticate(header)


def test_an_expired_key_is_refused_like_an_unknown_one(tmp_path: Path) -> None:
    path = write(tmp_path / "keys.json", entry("hh_one", expires_ms=5000))
    now = [4.9]
    directory = KeyDirectory(path, clock=lambda: now[0])
    directory.authenticate("Bearer hh_one")
    now[0] = 5.0

    with pytest.raises(UnauthenticatedError) as expired:
        directory.authenticate("Bearer hh_one")
    with pytest.raises(UnauthenticatedError) as unknown:
        directory.authenticate("Bearer hh_nobody")

    assert str(expired.value) == str(unknown.value)


def test_a_change_on_disk_holds_at_once_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "keys.json", entry("hh_one"))
    directory = KeyDirectory(path)
    path.write_text("{")
    directory.authenticate("Bearer hh_one")
    write(path, entry("hh_two"))

    directory.authenticate("Bearer hh_two")

    with pytest.raises(UnauthenticatedError):
        directory.authenticate("Bearer hh_one")
    path.unlink()
    directory.authenticate("Bearer hh_two")


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "keys": []}', '{"version": 1}'])
def test_a_first_file_that_makes_no_sense_is_the_operators_affair(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"keys\.json"):
        KeyDirectory(path)
    with pytest.raises(ConfigError, match=r"absent\.json"):
        KeyDirectory(tmp_path / "absent.json")
