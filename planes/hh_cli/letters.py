"""The dead letters of both planes, side by side."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hh_cli.client import Client
from hh_cli.embedded.layout import Layout
from hh_cli.embedded.start import endpoints
from hh_core.errors import NotFoundError
from hh_data.config import DataPlaneConfig
from hh_data.upkeep import dead_letters, redrive_letters
from hh_runtime.config import load

Letter = dict[str, Any]


class Letters:
    """Of the platform in one folder. Raises ``NotRunningError`` if none runs there."""

    def __init__(self, data_dir: Path) -> None:
        layout = Layout.of(data_dir)
        found = endpoints(layout)
        self._control = Client(found.control_url, found.control_key)
        self._config = load(layout.config("data", "dispatch"), DataPlaneConfig)

    def list(self, *, limit: int) -> list[Letter]:
        control = self._control.get("/v1/dead-letters", limit=limit)["dead_letters"]
        data = asyncio.run(dead_letters(self._config, after="", limit=limit))
        letters: list[Letter] = [{"plane": "control", **letter} for letter in control]
        letters += [{"plane": "data", "id": item.key, **item.value} for item in data]
        return letters[:limit]

    def show(self, letter: str) -> Letter:
        if not _is_of_data(letter):
            answer: Letter = self._control.get(f"/v1/dead-letters/{letter}")
            return answer
        data = asyncio.run(dead_letters(self._config, after=letter[:-1], limit=10))
        for item in data:
            if item.key == letter:
                return {"plane": "data", "id": item.key, **item.value}
        raise NotFoundError("no such dead letter")

    def redrive(self, letters: Sequence[str]) -> dict[str, int]:
        """Counts: ``restored``, ``failed``, ``unknown`` of the control plane's letters, and
        ``segments`` of the data plane that are dispatched again."""
        of_data = [letter for letter in letters if _is_of_data(letter)]
        of_control = [letter for letter in letters if not _is_of_data(letter)]
        counts = {"restored": 0, "failed": 0, "unknown": 0, "segments": 0}
        if of_control or not letters:
            body = {"ids": of_control or None}
            counts |= self._control.post("/v1/dead-letters/redrive", body)
        if of_data or not letters:
            counts["segments"] = asyncio.run(redrive_letters(self._config, of_data))
        return counts


def _is_of_data(letter: str) -> bool:
    """The data plane's letters are named by address, ``<segment>:<record>:<ordinal>``."""
    return letter.count(":") == 2
