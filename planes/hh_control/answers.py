"""The shape of answers about people, places and what belongs to them (contract A8)."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hh_control.errors import answered


def given(data: Any, **more: Any) -> web.Response:
    """``{"success": true, "data": …}``; of lists also ``after``, which begins the next page."""
    return answered({"success": True, "data": data, **more})


def moment(ms: int) -> str:
    """As clients of the contract read times: ISO 8601 in UTC."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
