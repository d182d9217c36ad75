"""The two hosts of the tests are apart, and their counters count."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from two_hosts import CONTROL, Host, NotPossibleError, require_two_hosts, two_hosts

_SERVE = "import socket,time; s=socket.create_server(('{}', {})); print('up'); time.sleep(60)"
_DIAL = "import socket; socket.create_connection(('{}', {}), 3).close()"


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    with two_hosts(tmp_path) as pair:
        yield pair


@pytest.mark.two_hosts
def test_a_connection_is_counted_where_it_arrives_and_where_it_left(
    hosts: tuple[Host, Host],
) -> None:
    control, data = hosts
    server = control.start(sys.executable, "-c", _SERVE.format("0.0.0.0", 8000))
    try:
        _until_listening(control, 8000)
        assert (control.opened_by_peer(), data.opened_by_peer()) == (0, 0)

        for _ in range(3):
            data.run(sys.executable, "-c", _DIAL.format(CONTROL, 8000))

        assert (control.opened_by_peer(), data.opened()) == (3, 3)
        assert (data.opened_by_peer(), control.opened()) == (0, 0)
        assert data.counters()["peer_sends"] > 0, "answers are no connections"
    finally:
        server.kill()
        server.wait()


@pytest.mark.two_hosts
def test_an_attempt_counts_also_where_nobody_listens(hosts: tuple[Host, Host]) -> None:
    control, data = hosts

    refused = control.run(sys.executable, "-c", _DIAL.format(data.address, 9), check=False)

    assert refused.returncode != 0
    assert data.opened_by_peer() == 1
    udp = f"import socket; socket.socket(type=2).sendto(b'x', ('{data.address}', 9))"
    control.run(sys.executable, "-c", udp)
    assert data.opened_by_peer() == 2


@pytest.mark.two_hosts
def test_loopback_is_private_and_other_addresses_are_not(hosts: tuple[Host, Host]) -> None:
    control, data = hosts
    servers = [
        data.start(sys.executable, "-c", _SERVE.format("127.0.0.1", 8001)),
        data.start(sys.executable, "-c", _SERVE.format(data.address, 8002)),
        data.start(sys.executable, "-c", _SERVE.format("0.0.0.0", 8003)),
    ]
    try:
        for port in (8001, 8002, 8003):
            _until_listening(data, port)

        assert data.reachable_sockets() == {8002, 8003}
        assert control.listening() == set()
        reached = control.run(sys.executable, "-c", _DIAL.format("127.0.0.1", 8001), check=False)
        assert "ConnectionRefusedError" in reached.stderr
    finally:
        for server in servers:
            server.kill()
            server.wait()


def test_a_machine_that_cannot_hold_two_hosts_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    with pytest.raises(NotPossibleError, match=r"root, who may .* packages iproute2, nftables"):
        require_two_hosts()


def _until_listening(host: Host, port: int) -> None:
    deadline = time.monotonic() + 20
    while port not in {each for _, each in host.listening()}:
        assert time.monotonic() < deadline, f"{host.name} does not listen on {port}"
        time.sleep(0.05)
