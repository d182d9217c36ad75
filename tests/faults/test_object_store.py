"""While the object store is away the journal takes over, up to its bound; nothing acked is lost."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import Embedded, platform
from embedded.steps import kill, planes_agree, reconfigure, serves_again, until
from ledger import Ledger, Outcome, Sent, check

JOURNAL_BYTES = 256 << 10


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("objects")) as embedded:
        yield embedded


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("durability", "stands_there"), [("disk", "file"), ("object", "file"), ("disk", "nothing")]
)
def test_the_journal_takes_over_up_to_its_bound_and_everything_is_shipped_after_the_heal(
    house: Embedded, durability: str, stands_there: str
) -> None:
    reconfigure(
        house,
        "data.ingest",
        ingest={"durability": durability},
        journal={"max_bytes": JOURNAL_BYTES},
    )
    ledger = Ledger(house.endpoints)
    assert ledger.send(ledger.request()) is Outcome.ACK
    assert check(ledger, only=False).faults() == {}
    serves_again(house, kill(house, "data.api"))  # it has read nothing yet that it could remember
    with _store_away(house, stands_there):
        _content_is_there_or_503(house, ledger.acked()[0])
        acked = _until_refused(ledger)
        assert acked > JOURNAL_BYTES // 2
        assert _journal_bytes(house) <= JOURNAL_BYTES
        for _ in range(10):
            request = ledger.request()
            assert ledger.send(request) is Outcome.REJECT
            assert request.code == 503
            assert int(request.retry_after or 0) > 0

    until(
        lambda: ledger.send(ledger.request()) is Outcome.ACK,
        seconds=30,
        what="it takes spans again without a restart",
    )
    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    planes_agree(house)
    until(lambda: _journal_bytes(house) == 0, seconds=30, what="the journal is empty again")


@contextlib.contextmanager
def _store_away(house: Embedded, stands_there: str) -> Iterator[None]:
    """The folder of the objects is gone, or is a file: every access fails, for root as well."""
    objects = Path(house.folder, "data", "objects")
    aside = objects.with_name("objects.aside")
    objects.rename(aside)
    if stands_there == "file":
        objects.write_bytes(b"")
    try:
        yield
    finally:
        objects.unlink(missing_ok=True)
        aside.rename(objects)


def _content_is_there_or_503(house: Embedded, sent: Sent) -> None:
    """Never an event that looks as if it had no content."""
    session = {"field": "session_id", "operator": "is", "value": sent.session, "type": "string"}
    body = json.dumps({"filters": [session]}).encode()
    status, answer = house.post("/v1/events/export", body)
    assert status == 503 or (status == 200 and sent.canary.encode() in answer), (status, answer)


def _until_refused(ledger: Ledger) -> int:
    """Send until the first 503; the bytes that were acknowledged before it."""
    acked = 0
    for _ in range(1000):
        request = ledger.request()
        if ledger.send(request) is not Outcome.ACK:
            assert request.code == 503
            return acked
        acked += len(request.body)
    raise AssertionError("the journal has no bound")


def _journal_bytes(house: Embedded) -> int:
    journal = Path(house.folder, "data", "journal")
    files = (path for path in journal.iterdir() if path.suffix in (".open", ".sealed"))
    sizes = []
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return sum(sizes)
