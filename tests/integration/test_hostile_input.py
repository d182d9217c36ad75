"""Ids, names and targets made to break something are data, or a refusal (SECURITY A8 to A10).

The whole data plane over its real door and index: what is written under a hostile id is found under
it, and nothing but it is touched.
"""

import asyncio
import http.client
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from clickhouse_engine import fresh_index
from data_plane import RunningDataPlane, data_plane
from ingest_house import HEADERS, serving

NAMES = [
    "../../../../etc/passwd",
    "*.>",
    "inbox.>",
    "'; DROP TABLE events; --",
    "${file:/etc/passwd}",
    "\0nul",
    "a/b?c=d#e%2f",
    "\u202egnp.exe",
    "{}{0}%s%n",
    "=cmd|' /C calc'!A0",
    "é" * 400,
    "toString",
    "__proto__",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_id_is_an_id_like_any_other(name: str) -> None:
    async def main() -> None:
        async with data_plane(fresh_index()) as plane:
            event = {"event_name": name, "event_type": "tool", "event_id": name}
            sent = {**event, "session_id": name + "s", "metadata": {name: name}, "source": name}
            assert (await plane.ask("POST", "/events", {"event": sent})).status == 200
            assert (
                await plane.ask("POST", "/events", {"event": {"event_name": "n"}})
            ).status == 200

            found = await plane.ask_settled("GET", f"/v1/events/{quote(name, safe='')}")
            assert found.status == 200, found
            assert found.body["event"]["event_name"] == name[:256]
            assert found.body["event"]["metadata"][name] == name
            tree = await plane.ask_settled("GET", f"/v1/sessions/{quote(name + 's', safe='')}")
            assert (tree.status, tree.body["count"]) == (200, 1)
            filters = [
                {"field": "event_name", "operator": "is", "value": name[:256], "type": "string"}
            ]
            export = await plane.ask_settled("POST", "/v1/events/export", {"filters": filters})
            kinds = [each["event_type"] for each in export.body["events"]]
            assert sorted(kinds) == ["session", "tool"]  # a session is called as its first event

    asyncio.run(main())


@pytest.mark.parametrize("host", ["a/?x=", "evil:80:90", "localhost@evil", "[::1", "", "a b"])
def test_what_the_host_header_says_decides_nothing(tmp_path: Path, host: str) -> None:
    """Routing and keys never read it (Starlette's CVE-2026-48710 did)."""
    with serving(tmp_path) as house:
        address = house.ingest.http
        statuses = []
        for headers in ({}, HEADERS):
            connection = http.client.HTTPConnection(address.host, address.port, timeout=5)
            connection.putrequest("POST", "/v1/traces", skip_host=True)
            for name, value in {"Host": host, "Content-Length": "0", **headers}.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "application/x-protobuf")
            connection.endheaders()
            statuses.append(connection.getresponse().status)
            connection.close()

    assert statuses in ([401, 200], [400, 400])


def test_numbers_that_collide_cost_no_more_than_others() -> None:
    """60,000 integers of one hash as attribute values: none is the key of a dictionary."""
    prime = (1 << 61) - 1

    async def cost(plane: RunningDataPlane, step: int) -> float:
        values = {f"k{n}": 3 + n * step for n in range(1000)}
        events = [{"event_name": "n", "metadata": values} for _ in range(60)]
        start = time.process_time()
        assert (await plane.ask("POST", "/events/batch", {"events": events})).status == 200
        settled = await plane.ask_settled("POST", "/v1/events/export", {"limit": 1})
        assert settled.body["count"] >= 60
        return time.process_time() - start

    async def main() -> None:
        async with data_plane(fresh_index()) as plane:
            await cost(plane, 1)  # warm
            plain, colliding = await cost(plane, 1), await cost(plane, prime)
            # quadratic work would be thousands of times as much
            assert colliding < 20 * plain + 0.5

    asyncio.run(main())
