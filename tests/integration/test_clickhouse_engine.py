"""The engine process: who may ask, how much, and that it comes back."""

import asyncio
import contextlib
import gzip
import json
import re
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import clickhouse_connect
import psutil
import pytest
from servers.clickhouse import RunningClickhouse, clickhouse_server, start_clickhouse


def _ask(
    engine: RunningClickhouse, body: bytes, *, options: str = "", **headers: str
) -> tuple[int, bytes, Any]:
    token = b64encode(f"hh:{engine.password}".encode()).decode()
    request = urllib.request.Request(
        f"{engine.url}/?{options}",
        data=body,
        headers={"Authorization": f"Basic {token}"}
        | {k.replace("_", "-"): v for k, v in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_a_wrong_password_is_refused_as_clickhouse_does() -> None:
    for wrong in ("Basic " + b64encode(b"hh:wrong").decode(), "Basic ?", "Bearer x", ""):
        status, body, headers = _ask(clickhouse_server(), b"SELECT 1", Authorization=wrong)

        assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "516")
        assert b"AUTHENTICATION_FAILED" in body


def test_credentials_may_come_in_clickhouse_s_own_headers() -> None:
    engine = clickhouse_server()
    own = {"X-ClickHouse-User": "hh", "X-ClickHouse-Key": engine.password}
    request = urllib.request.Request(f"{engine.url}/", data=b"SELECT 1", headers=own)

    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == b"1\n"


def test_ping_needs_no_credentials() -> None:
    with urllib.request.urlopen(f"{clickhouse_server().url}/ping", timeout=30) as answer:
        assert answer.read() == b"Ok.\n"


def test_answers_and_requests_may_be_compressed() -> None:
    engine = clickhouse_server()
    status, body, headers = _ask(
        engine,
        gzip.compress(b"SELECT repeat('a', 5000)"),
        options="enable_http_compression=1",
        Content_Encoding="gzip",
        Accept_Encoding="gzip",
    )

    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == b"a" * 5000 + b"\n"


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_body_that_does_not_decompress_is_a_bad_request(encoding: str) -> None:
    status, _, headers = _ask(clickhouse_server(), b"SELECT 1", Content_Encoding=encoding)

    assert (status, headers["X-ClickHouse-Exception-Code"]) == (400, "36")


def test_settings_of_one_request_do_not_reach_the_next() -> None:
    engine = clickhouse_server()
    ask = b"SELECT getSetting('max_threads'), getSetting('max_execution_time')"
    _, before, _ = _ask(engine, ask)
    _, changed, _ = _ask(engine, ask, options="max_threads=7&max_execution_time=3")
    bad, _, headers = _ask(engine, ask, options="no_such_setting=7")

    assert changed == b"7\t3\n"
    assert (bad, headers["X-ClickHouse-Exception-Code"]) == (400, "115")
    for _ in range(8):
        assert _ask(engine, ask)[1] == before


def test_every_number_of_its_configuration_is_in_force(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path)
    written = ElementTree.parse(tmp_path / "data" / "engine.xml")
    try:
        for table, elements in (("server_settings", "*"), ("merge_tree_settings", "merge_tree/*")):
            texts = {one.tag: one.text or "" for one in written.iterfind(elements)}
            numbers = {name: text for name, text in texts.items() if re.fullmatch(r"[\d.]+", text)}
            assert len(numbers) > 5

            names = ", ".join(f"'{name}'" for name in numbers)
            ask = f"SELECT name, value FROM system.{table} WHERE name IN ({names})"
            _, answer, _ = _ask(engine, ask.encode())

            assert dict(line.split("\t") for line in answer.decode().splitlines()) == numbers
    finally:
        engine.server.stop()


def test_what_only_reads_may_use_all_cores_of_a_small_engine() -> None:
    engine = clickhouse_server()
    setting = b"getSetting('max_threads_min_free_memory_per_thread')"
    _ask(engine, b"CREATE TABLE home.cores (least UInt64) ENGINE = Memory")
    _ask(engine, b"INSERT INTO home.cores SELECT " + setting)

    _, read, _ = _ask(engine, b"SELECT " + setting)
    _, written, _ = _ask(engine, b"SELECT least FROM home.cores")
    _ask(engine, b"DROP TABLE home.cores")

    assert int(read) * 16 == 1500 << 20  # the engine's memory
    assert int(written) == 1 << 30  # ClickHouse's own


def test_a_statement_over_its_limits_fails_with_clickhouse_s_code() -> None:
    endless = b"SELECT sum(sipHash64(number)) FROM numbers(100000000000)"
    greedy = b"SELECT groupArray(number) FROM numbers(100000000)"
    assert _ask(clickhouse_server(), endless, options="max_execution_time=1")[0] == 408
    status, _, headers = _ask(clickhouse_server(), greedy, options="max_memory_usage=10000000")

    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "241")


def test_the_client_inserts_and_asks_with_parameters() -> None:
    async def talk() -> Any:
        engine = clickhouse_server()
        client = await clickhouse_connect.get_async_client(
            host="127.0.0.1",
            port=engine.server.port,
            username="hh",
            password=engine.password,
            compress="gzip",
        )
        async with client:
            await client.command("CREATE TABLE talk (a UInt64, b String) ENGINE = Memory")
            await client.insert("talk", [[1, "x'\\\n"], [2, "y"]], column_names=["a", "b"])
            wanted = {"b": "x'\\\n", "many": ["y", "x'\\\n"], "long": "z" * 300_000}
            answer = await client.query(
                "SELECT a FROM talk WHERE b = {b:String} AND has({many:Array(String)}, b)"
                " AND length({long:String}) = 300000",
                parameters=wanted,
            )
            await client.command("DROP TABLE talk")
            return answer.result_rows

    assert asyncio.run(talk()) == [(1,)]


@pytest.mark.parametrize("settings", ["", " SETTINGS max_threads = 1"])
def test_an_insert_that_the_table_or_a_view_refuses_is_refused(settings: str) -> None:
    engine, name = clickhouse_server(), f"refusing_{secrets.token_hex(4)}"
    for statement in (
        f"CREATE TABLE {name} (a UInt8, CONSTRAINT c CHECK a != 7) ENGINE = MergeTree ORDER BY a",
        f"CREATE MATERIALIZED VIEW {name}_view ENGINE = MergeTree ORDER BY a AS"
        f" SELECT a FROM {name} WHERE throwIf(a = 9) = 0",
    ):
        assert _ask(engine, statement.encode())[0] == 200
    insert = f"INSERT INTO {name} (a){settings} FORMAT TSV\n"

    taken = _ask(engine, f"{insert}1\n2\n".encode())
    constraint = _ask(engine, f"{insert}3\n7\n".encode())
    view = _ask(engine, f"{insert}9\n".encode())

    assert taken[0] == 200
    assert (constraint[0], constraint[2]["X-ClickHouse-Exception-Code"]) == (500, "469")
    assert (view[0], view[2]["X-ClickHouse-Exception-Code"]) == (500, "395")
    assert _ask(engine, f"SELECT count() FROM {name}_view".encode())[1] == b"2\n"


def test_a_refusal_may_quote_bytes_that_are_no_text() -> None:
    engine, name = clickhouse_server(), f"quoting_{secrets.token_hex(4)}"
    constraint = "CONSTRAINT c CHECK a != unhex('f7ff')"
    create = f"CREATE TABLE {name} (a String, {constraint}) ENGINE = MergeTree ORDER BY a"
    assert _ask(engine, create.encode())[0] == 200

    status, _, headers = _ask(engine, f"INSERT INTO {name} (a) FORMAT TSV\n".encode() + b"\xf7\xff")

    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "469")


def test_data_may_hold_any_byte() -> None:
    engine, name = clickhouse_server(), f"bytes_{secrets.token_hex(4)}"
    text = "; DROP TABLE x;'\"`\x00 FORMAT CSV -- /*"
    create = f"CREATE TABLE {name} (a String) ENGINE = MergeTree ORDER BY a"
    assert _ask(engine, create.encode())[0] == 200

    row = json.dumps({"a": text}).encode()
    status, body, _ = _ask(engine, f"INSERT INTO {name} (a) FORMAT JSONEachRow\n".encode() + row)

    assert status == 200, body
    asked = _ask(engine, f"SELECT a FROM {name} FORMAT JSONEachRow".encode())[1]
    assert json.loads(asked) == {"a": text}


REACHING = (
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT file('/etc/passwd')",
    "SELECT `fi\\x6ce`('/etc/passwd')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM sqlite('/etc/passwd', 't')",
    "SELECT * FROM url('http://127.0.0.1:{port}/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/key', 'LineAsString')",
    "SELECT * FROM postgresql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:{port}', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM redis('127.0.0.1:{port}', 'k', 'k String')",
    "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "SELECT * FROM executable('x.sh', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT 1 INTO OUTFILE '{out}'",
    "SELECT 1 INTO/**/outfile '{out}'",
    "INSERT INTO kept FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "INSERT INTO FUNCTION file('{out}') SELECT 1",
    "INSERT INTO FUNCTION url('http://127.0.0.1:{port}/', 'TSV', 'a UInt8') SELECT 1",
    "CREATE TABLE reaching (a String) ENGINE = File(TSV, '/etc/passwd')",
    "CREATE TABLE reaching (a String) ENGINE = URL('http://127.0.0.1:{port}/', 'TSV')",
    "CREATE TABLE reaching (a String) ENGINE = MergeTree ORDER BY a"
    " SETTINGS disk = disk(type = 'local', path = '{out}/')",
    "CREATE DATABASE reaching ENGINE = Filesystem('/etc')",
    "CREATE DATABASE reaching ENGINE = PostgreSQL('127.0.0.1:{port}', 'a', 'b', 'c')",
    "CREATE DICTIONARY reaching (a String) PRIMARY KEY a LAYOUT(FLAT) LIFETIME(1)"
    " SOURCE(HTTP(url 'http://127.0.0.1:{port}/' format 'TSV'))",
    "CREATE VIEW reaching AS SELECT * FROM url('http://127.0.0.1:{port}/', 'LineAsString')",
    "CREATE FUNCTION reaching AS a -> 1",
    "BACKUP TABLE kept TO File('{out}')",
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '/etc/passwd'",
    "SYSTEM SHUTDOWN",
)
"""Statements that would reach the host's files, the network, or the engine itself."""


def test_no_statement_reaches_the_host_or_the_network(tmp_path: Path) -> None:
    engine, out = start_clickhouse(tmp_path), tmp_path / "out"
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.setblocking(False)
        words = {"port": canary.getsockname()[1], "out": out}
        try:
            assert _ask(engine, b"CREATE TABLE kept (a String) ENGINE = Memory")[0] == 200
            for text in REACHING:
                status, body, headers = _ask(engine, text.format(**words).encode())
                assert status >= 400, text
                assert headers["X-ClickHouse-Exception-Code"] in ("497", "36", "60"), (text, body)
                assert b"root:" not in body
            with pytest.raises(BlockingIOError):
                canary.accept()
            assert not out.exists()
            assert _ask(engine, b"SELECT count() FROM kept")[1] == b"0\n"
        finally:
            engine.server.stop()


def test_bodies_are_bounded_after_decompression_too(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path, "--max-body-mib", "1")
    bomb = gzip.compress(b"SELECT 1 /*" + b" " * (8 << 20) + b"*/")
    try:
        for body, encoding in ((b" " * (2 << 20), "identity"), (bomb, "gzip")):
            status, _, headers = _ask(engine, body, Content_Encoding=encoding)
            assert (status, headers["X-ClickHouse-Exception-Code"]) == (413, "307")
        assert _ask(engine, b"SELECT 1")[1] == b"1\n"
    finally:
        engine.server.stop()


def test_the_data_of_an_insert_is_bounded_and_decoded_as_it_comes(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path, "--max-body-mib", "1")
    insert = "query=INSERT+INTO+some+FORMAT+TSV"
    fits, rows = b"x" * 999 + b"\n", 1000
    try:
        _ask(engine, b"CREATE TABLE some (text String) ENGINE = MergeTree ORDER BY ()")
        for body, encoding, expected in (
            (fits * rows, "identity", 200),
            (gzip.compress(fits * rows), "gzip", 200),
            (fits * 2 * rows, "identity", 413),
            (gzip.compress(fits * 2 * rows), "gzip", 413),
            (gzip.compress(fits * rows)[:-1], "gzip", 400),
        ):
            assert _ask(engine, body, options=insert, Content_Encoding=encoding)[0] == expected
        assert _ask(engine, b"SELECT count(), min(length(text)) FROM some")[1] == b"2000\t999\n"
    finally:
        engine.server.stop()


def test_what_was_inserted_is_there_after_every_kind_of_end(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path)
    _ask(
        engine,
        b"CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a"
        b" SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
    )
    try:
        for number, end in enumerate((engine.server.kill, engine.server.stop), 1):
            _ask(engine, b"INSERT INTO kept FORMAT TSV\n%d\n" % number)
            end()
            engine.server.start()
            assert _ask(engine, b"SELECT count() FROM kept")[1] == b"%d\n" % number
    finally:
        engine.server.stop()


def test_sigterm_lets_a_running_statement_finish(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path)

    async def check() -> bytes:
        asking = asyncio.create_task(asyncio.to_thread(_ask, engine, b"SELECT sleep(3)"))
        running = b"SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'"
        while (await asyncio.to_thread(_ask, engine, running))[1] != b"1\n":
            assert not asking.done(), "it ended before anybody saw it run"
        engine.server.stop()
        return (await asking)[1]

    assert asyncio.run(check()) == b"0\n"


def test_a_taken_port_names_its_holder(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ended = _run_engine(tmp_path, "--listen", f"127.0.0.1:{port}")

    assert ended.returncode == 78
    assert f"port {port} is taken by" in ended.stderr
    assert f"(pid {psutil.Process().pid})" in ended.stderr


@pytest.mark.parametrize("listen", ["8123", "127.0.0.1:x", "127.0.0.1"])
def test_an_address_that_is_none_is_a_mistake_in_the_configuration(
    listen: str, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("x")
    ended = _run_engine(tmp_path, "--listen", listen)

    assert (ended.returncode, "host:port" in ended.stderr) == (78, True)


def test_an_idle_engine_is_quiet(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path)
    try:
        _ask(engine, b"SELECT 1")
        process = _process_of(engine.server.port)
        before = process.cpu_times()
        asyncio.run(asyncio.sleep(5))
        after = process.cpu_times()
        assert after.user + after.system - before.user - before.system < 0.25
        assert process.memory_full_info().uss < 400 << 20
    finally:
        engine.server.stop()


def _process_of(port: int) -> psutil.Process:
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if f"127.0.0.1:{port}" in process.cmdline():
                return process
    raise AssertionError("the engine is not running")


def _run_engine(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "hh_clickhouse.engine", "--path", str(folder / "data")),
            *("--password-file", str(folder / "password"), *options),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_interrupt_ends_it_as_sigterm_does(tmp_path: Path) -> None:
    engine = start_clickhouse(tmp_path)
    _ask(engine, b"SELECT 1")
    process = _process_of(engine.server.port)
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0
    engine.server.stop()
