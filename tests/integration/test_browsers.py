"""Which pages a browser lets ask the data plane (CORS)."""

import http.client
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from ingest_house import HEADERS, House, serving

OWN, FOREIGN = "https://traces.example", "https://evil.example"
PATHS = ["/v1/events/search", "/v1/events", "/v1/traces", "/nowhere"]
"""Of the read API, of writes, of OTLP, of nobody."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("door"), origins=[OWN]) as running:
        yield running


def ask(
    house: House, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, Message]:
    address = house.ingest.http
    connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    finally:
        connection.close()


def preflight(house: House, path: str, origin: str) -> tuple[int, Message]:
    wanted = {"Access-Control-Request-Method": "POST", "Origin": origin}
    return ask(house, "OPTIONS", path, wanted)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_named_origin_may_ask_and_read_the_answer(house: House, path: str) -> None:
    status, told = preflight(house, path, OWN)
    assert status == 204
    assert told["Access-Control-Allow-Origin"] == OWN
    assert "Authorization" in told["Access-Control-Allow-Headers"]
    _, answer = ask(house, "POST", path, {**HEADERS, "Origin": OWN}, b"{}")
    assert answer["Access-Control-Allow-Origin"] == OWN
    assert answer["Vary"] == "Origin"


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_origin_is_not_let_in(house: House, path: str) -> None:
    for origin in (FOREIGN, "null", OWN + ".evil.example", "http://traces.example"):
        _, told = preflight(house, path, origin)
        assert "Access-Control-Allow-Origin" not in told
        assert "Access-Control-Allow-Methods" not in told
        _, answer = ask(house, "POST", path, {**HEADERS, "Origin": origin}, b"{}")
        assert "Access-Control-Allow-Origin" not in answer


def test_a_page_may_ask_for_what_changed_since_an_earlier_answer(house: House) -> None:
    _, told = preflight(house, "/v1/sessions/any/outline", OWN)
    assert "If-None-Match" in told["Access-Control-Allow-Headers"]


def test_a_page_may_say_how_long_it_waits_and_read_what_was_applied(house: House) -> None:
    _, told = preflight(house, "/v1/events/search", OWN)
    assert "Prefer" in told["Access-Control-Allow-Headers"].split(", ")
    _, answer = ask(house, "POST", "/v1/events", {**HEADERS, "Origin": OWN}, b"{}")
    exposed = answer["Access-Control-Expose-Headers"].split(", ")
    assert exposed == ["Retry-After", "Preference-Applied"]


def test_no_page_may_send_cookies(house: House) -> None:
    _, told = preflight(house, "/v1/events/search", OWN)
    assert "Access-Control-Allow-Credentials" not in told


def test_an_answer_to_a_body_that_was_not_read_is_readable_too(house: House) -> None:
    headers = {"Origin": OWN, "Content-Type": "application/json", "Content-Length": "100000000"}
    status, answer = ask(house, "POST", "/v1/events", headers)
    assert status in (401, 413)
    assert answer["Access-Control-Allow-Origin"] == OWN


def test_without_named_origins_nothing_is_said_to_browsers(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        _, answer = ask(house, "POST", "/v1/events", {**HEADERS, "Origin": OWN}, b"{}")
        assert "Access-Control-Allow-Origin" not in answer
        assert "Vary" not in answer
