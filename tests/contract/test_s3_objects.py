"""Objects in S3 keep the promises of the objects port, against a real SeaweedFS."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from pydantic import SecretStr
from servers.s3 import RunningS3, s3_server, start_s3

from hh_conformance import ObjectsContract
from hh_core.errors import ConfigError, ConflictError, DeniedError, UnavailableError
from hh_core.ports.objects import Objects
from hh_s3.objects import ADAPTER, S3Config, open_objects

RIVALS, ROUNDS = 8, 4


class TestS3Objects(ObjectsContract):
    adapter = ADAPTER
    histories: ClassVar[settings] = settings(
        max_examples=5, stateful_step_count=12, deadline=None, print_blob=True
    )
    waivers: ClassVar = {
        "test_o1_any_key_that_matches_is_kept_apart": "SeaweedFS refuses a name of over 255 bytes "
        "between two slashes, honestly (RejectedError); other stores take it",
        "test_o5_a_full_store_is_overloaded_until_there_is_room": "SeaweedFS calls a store that "
        "may not grow an internal error: callers see UnavailableError, and retry all the same",
    }
    server: RunningS3
    last: S3Config

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        hurts = "outage" in request.node.name
        self.server = start_s3(tmp_path) if hurts else s3_server()
        yield
        if hurts:
            self.server.server.stop()

    def config(self) -> S3Config:
        self.last = self.server.config()
        return self.last

    @contextmanager
    def outage(self, objects: Objects) -> Iterator[None]:
        self.server.server.kill()
        try:
            yield
        finally:
            self.server.server.start()

    @contextmanager
    def full(self, objects: Objects) -> Iterator[None]:
        self.server.forbid_growth(self.last.prefix)
        try:
            yield
        finally:
            self.server.allow_growth(self.last.prefix)


def test_of_many_racing_puts_exactly_one_wins_every_time() -> None:
    """The conditional put of the store is safe from races: create-only rests on it."""

    async def race() -> None:
        async with open_objects(s3_server().config()) as objects:
            for number in range(ROUNDS):
                put = partial(objects.put, f"raw/{number}")
                results = await asyncio.gather(
                    *(put(b"%d" % rival * 100) for rival in range(RIVALS)), return_exceptions=True
                )
                won = [rival for rival, result in enumerate(results) if result is None]
                lost = [result for result in results if isinstance(result, ConflictError)]

                assert (len(won), len(lost)) == (1, RIVALS - 1)
                assert await objects.get(f"raw/{number}") == b"%d" % won[0] * 100

    asyncio.run(race())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"secret_key": SecretStr("wrong")}, DeniedError),
        ({"bucket": "no-such-bucket"}, ConfigError),
        ({"endpoint": "http://127.0.0.1:9"}, UnavailableError),
    ],
)
def test_a_store_that_does_not_let_us_in_is_known_at_once(
    options: dict[str, object], error: type[Exception]
) -> None:
    async def connect() -> None:
        async with open_objects(s3_server().config(**options)):
            pass

    with pytest.raises(error):
        asyncio.run(connect())
