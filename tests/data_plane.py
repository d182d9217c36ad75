"""A whole data plane in the test's own process: its real composition, over chosen ports."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from servers.process import free_ports

from hh_data.config import DataPlaneConfig
from hh_data.plane import composed

PROJECT = "5f0c0a86-6a53-4c2e-9ad3-0f6d1c8f2b11"
STRANGER = "99999999-6a53-4c2e-9ad3-0f6d1c8f2b11"
KEY, STRANGERS_KEY, INGEST_KEY = "hh_test", "hh_stranger", "hh_ingest_only"
_KEYS: Sequence[tuple[str, str, Sequence[str]]] = (
    (KEY, PROJECT, ("ingest", "read")),
    (STRANGERS_KEY, STRANGER, ("ingest", "read")),
    (INGEST_KEY, PROJECT, ("ingest",)),
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunningDataPlane:
    url: str
    client: aiohttp.ClientSession

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = KEY,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, as JSON unless ``data`` is given."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if data is None and body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self.client.request(method, self.url + path, data=data, headers=sent) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, json.loads(raw) if is_json else raw, answer.headers)

    async def ask_settled(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Ask again while the answer says that it is behind: a loaded machine may need longer."""
        for _ in range(20):
            answer = await self.ask(method, path, body, **more)
            if not (isinstance(answer.body, dict) and answer.body.get("behind")):
                return answer
        raise AssertionError("the index stays behind")


@asynccontextmanager
async def data_plane(
    analytics: Mapping[str, Any], **sections: Any
) -> AsyncIterator[RunningDataPlane]:
    """Ingest, dispatch and read API; without a control plane."""
    with tempfile.TemporaryDirectory(prefix="hhd") as folder:
        config = _config(Path(folder), analytics, sections)
        stopping = asyncio.Event()
        async with composed(config, "data.all") as composition, asyncio.TaskGroup() as tasks:
            for name, service in composition.services.items():
                tasks.create_task(service(stopping), name=name)
            try:
                async with aiohttp.ClientSession() as client:
                    yield RunningDataPlane(f"http://{config.listen.http}", client)
            finally:
                stopping.set()


def _config(
    folder: Path, analytics: Mapping[str, Any], sections: Mapping[str, Any]
) -> DataPlaneConfig:
    (folder / "keys.json").write_text(json.dumps({"version": 1, "keys": [_key(*k) for k in _KEYS]}))
    (folder / "name.key").write_bytes(os.urandom(32))
    http, grpc = free_ports(2)
    memory = {"adapter": "memory"}
    return DataPlaneConfig.model_validate(
        {
            "services": ["ingest", "dispatch", "api"],
            "runtime": folder,
            "dp_id": "00000000-0000-4000-8000-000000000001",
            "keys": folder / "keys.json",
            "name_key": folder / "name.key",
            "listen": {"http": f"127.0.0.1:{http}", "grpc": f"127.0.0.1:{grpc}"},
            "queue": memory,
            "objects": memory,
            "journal": memory,
            "records": memory,
            "analytics": analytics,
            **sections,
        }
    )


def _key(key: str, project: str, scopes: Sequence[str]) -> dict[str, Any]:
    return {
        "digest": hashlib.sha256(key.encode()).hexdigest(),
        "key_id": f"0b6a7f3e-8a39-4b6e-8a53-{hashlib.sha256(key.encode()).hexdigest()[:12]}",
        "project_id": project,
        "org_id": "org",
        "workspace_id": "workspace",
        "scopes": list(scopes),
        "expires_ms": None,
    }
