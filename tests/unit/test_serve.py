"""A process from its first breath to a drained exit, with the statuses that tools rely on."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hh_core.errors import ConfigError, UnavailableError
from hh_runtime.net import (
    Address,
    PortTakenError,
    bind,
    free_folder,
    holder,
    parse_address,
    private_folder,
)
from hh_runtime.serve import restarting

PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from pathlib import Path
from hh_core.errors import ConfigError, UnavailableError
from hh_runtime.config import ProcessConfig
from hh_runtime.serve import Composition, run

mode, folder = sys.argv[1], Path(sys.argv[2])

async def service(stopping):
    if mode == "ends":
        return
    await stopping.wait()
    (folder / "draining").touch()
    await asyncio.sleep({"drains": 0.3, "hangs": 60}.get(mode, 0))
    (folder / "drained").touch()

async def check():
    if (folder / "away").exists():
        raise UnavailableError("the store is away")

@asynccontextmanager
async def compose(stopping):
    if mode == "misconfigured":
        raise ConfigError("[queue] needs a name")
    if mode == "away":
        raise UnavailableError("[queue] nobody answers")
    if mode == "opens for ever":
        (folder / "opening").touch()
        await asyncio.sleep(60)
    try:
        yield Composition({"service": service}, {"store": check})
    finally:
        (folder / "closed").touch()

config = ProcessConfig(services=("x",), process="test", runtime=folder / "run", drain_seconds=1.0)
sys.exit(run(config, "test", compose))
"""


class Process:
    def __init__(self, mode: str, folder: Path) -> None:
        self.socket = folder / "run" / "test.sock"
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, mode, str(folder)], stderr=subprocess.PIPE, text=True
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while self.ask("/readyz")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def ask(self, path: str) -> tuple[int, str]:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self.socket))
            except OSError:
                return 0, ""
            client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2].decode()

    def stop(self) -> tuple[int, str]:
        self._process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        _, log = self._process.communicate(timeout=20)
        return self._process.returncode, log


def test_a_stopping_process_drains_then_closes_its_ports(tmp_path: Path) -> None:
    process = Process("drains", tmp_path)
    process.wait_until_ready()

    status, _ = process.stop()

    assert status == 0
    assert (tmp_path / "drained").exists()
    assert (tmp_path / "closed").exists()
    assert not process.socket.exists()


def test_what_is_not_drained_in_time_is_left_to_redelivery(tmp_path: Path) -> None:
    process = Process("hangs", tmp_path)
    process.wait_until_ready()
    began = time.monotonic()

    status, log = process.stop()

    assert status == 0
    assert time.monotonic() - began < 10
    assert "delivered again" in log
    assert not (tmp_path / "drained").exists()
    assert (tmp_path / "closed").exists()


def test_readiness_is_that_of_the_ports(tmp_path: Path) -> None:
    process = Process("serves", tmp_path)
    process.wait_until_ready()
    (tmp_path / "away").touch()

    status, body = process.ask("/readyz")

    assert status == 503
    assert "the store is away" in body
    assert process.ask("/healthz")[0] == 200
    assert "process_resident_memory_bytes" in process.ask("/metrics")[1]
    assert process.stop()[0] == 0


def test_a_process_can_be_stopped_while_it_still_opens_its_ports(tmp_path: Path) -> None:
    process = Process("opens for ever", tmp_path)
    deadline = time.monotonic() + 20
    while not (tmp_path / "opening").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert process.ask("/readyz")[0] == 503
    assert process.stop()[0] == 0


def test_a_service_that_fails_unexpectedly_begins_again_and_its_process_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        stopping, begun = asyncio.Event(), 0

        async def service(stopping: asyncio.Event) -> None:
            nonlocal begun
            begun += 1
            if begun < 4:
                raise OverflowError("a client's value")
            await stopping.wait()

        running = asyncio.create_task(
            restarting(service, "tested", first_pause=0.1)(stopping)  # then 0.2 and 0.4 s
        )
        await asyncio.sleep(0.5)
        assert begun == 3
        await asyncio.sleep(0.5)
        assert begun == 4
        stopping.set()
        await running

    asyncio.run(test())
    assert "tested failed and begins again: OverflowError" in caplog.text
    assert "a client's value" not in caplog.text


@pytest.mark.parametrize("error", [ConfigError("[queue]"), UnavailableError("away")])
def test_a_service_that_says_how_to_end_the_process_ends_it(error: Exception) -> None:
    async def service(_: asyncio.Event) -> None:
        raise error

    with pytest.raises(type(error)):
        asyncio.run(restarting(service, "tested")(asyncio.Event()))


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("misconfigured", os.EX_CONFIG, "[queue] needs a name"),
        ("away", os.EX_TEMPFAIL, "nobody answers"),
        ("ends", os.EX_SOFTWARE, "service ended by itself"),
    ],
)
def test_the_exit_status_says_what_to_do_next(
    tmp_path: Path, mode: str, status: int, message: str
) -> None:
    ended, log = Process(mode, tmp_path).ended()

    assert ended == status
    assert message in log


def test_a_taken_port_names_its_holder() -> None:
    with bind(Address("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(PortTakenError, match=rf"port {port} is taken by .*pid {os.getpid()}"):
            bind(Address("127.0.0.1", port))

        assert str(os.getpid()) in holder(port)


def test_a_unix_socket_that_nobody_answers_on_is_replaced(tmp_path: Path) -> None:
    address = Address(path=tmp_path / "run" / "a.sock")
    bind(address).close()  # the file stays

    with bind(address) as listener:
        assert listener.getsockname() == str(address.path)
        with pytest.raises(PortTakenError):
            bind(address)


@pytest.mark.parametrize("text", ["4318", "host:", ":1", "host:99999", "host:one"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)


def test_addresses_read_as_they_are_written() -> None:
    for text in ("127.0.0.1:80", "[::1]:443", "unix:/tmp/a.sock"):
        assert str(parse_address(text)) == text


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to("/")

    with pytest.raises(ConfigError, match="must be a folder of the user"):
        bind(Address(path=tmp_path / "run" / "a.sock"))


def test_what_is_left_out_is_as_if_it_were_not_installed() -> None:
    code = (
        "from hh_core.left_out import leave_out\n"
        "from hh_runtime.serve import HEAVY, LOADS_HEAVY; leave_out(HEAVY, LOADS_HEAVY)\n"
        "from hh_core.wire import columns\n"
        "from hh_core.domain.tables import Relation\n"
        "import sys, uuid\n"
        "keys = {'project_id': [uuid.uuid4()], 'session_key': [uuid.uuid4()],"
        " 'trace_id': [b't' * 16], 'is_derived': [0], 'min_hour': [0], 'max_hour': [0],"
        " 'min_mark': [0], 'max_mark': [0]}\n"
        "assert columns.encode(Relation.SESSION_TRACES, keys)\n"
        "assert not sys.modules.keys() & set(HEAVY)\n"
        "print('left out')\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "left out\n", done.stderr


def test_a_folder_of_sockets_that_others_may_enter_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    folder = private_folder(tmp_path / "run")
    assert folder.stat().st_mode & 0o777 == 0o700
    for mode in (0o777, 0o750, 0o701):
        folder.chmod(mode)
        with pytest.raises(ConfigError, match="chmod 700"):
            private_folder(folder)
        assert folder.stat().st_mode & 0o777 == mode


def test_a_name_that_somebody_else_has_taken_is_passed_over(tmp_path: Path) -> None:
    wanted = tmp_path / "hh-0-abc"
    assert free_folder(wanted) == wanted
    (tmp_path / "elsewhere").mkdir()
    wanted.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "hh-0-abc-1").write_text("not a folder")

    assert free_folder(wanted) == tmp_path / "hh-0-abc-2"
    private_folder(tmp_path / "hh-0-abc-2")
    assert free_folder(wanted) == tmp_path / "hh-0-abc-2"


def test_a_plugin_may_import_what_libraries_of_ours_may_not(tmp_path: Path) -> None:
    (tmp_path / "clickhouse_connect.py").write_text("import werkzeug")
    (tmp_path / "plugin.py").write_text("import werkzeug")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from hh_core.left_out import leave_out\n"
        "from hh_runtime.serve import HEAVY, LOADS_HEAVY; leave_out(HEAVY, LOADS_HEAVY)\n"
        "try:\n    import clickhouse_connect\nexcept ImportError:\n    print('left out')\n"
        "import plugin; print(plugin.werkzeug.__name__)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "left out\nwerkzeug\n", done.stderr


@pytest.mark.parametrize("plane", ["hh_control", "hh_data"])
def test_a_plane_loads_nothing_heavy_before_it_can_leave_it_out(plane: str) -> None:
    code = (
        f"import sys, {plane}.plane\n"
        "from hh_core.left_out import leave_out\n"
        "from hh_runtime.serve import HEAVY, LOADS_HEAVY\n"
        "assert not sys.modules.keys() & {*HEAVY, 'pyarrow', 'structlog'}, sorted(sys.modules)\n"
        f"leave_out(HEAVY, LOADS_HEAVY); import {plane}.container, hh_runtime.logs\n"
        "assert not sys.modules.keys() & set(HEAVY)\n"
        "print('lean')\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "lean\n", done.stderr
