"""``hh doctor``: a support bundle that helps, and in which no canary is found."""

import base64
import json
import socket
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from canaries import Canaries
from hypothesis import given, settings
from hypothesis import strategies as st

from hh_cli.doctor.bundle import write_bundle
from hh_cli.doctor.scrub import Scrubber
from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.prepare import prepare
from hh_cli.embedded.state import (
    Phase,
    PlatformState,
    ProcessState,
    this_process,
    write_private,
    write_state,
)
from hh_core.domain.api_keys import RANDOM_BYTES, KeyKind, new_key
from hh_core.errors import ConfigError

JWT = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"
ENROL = "hh_enrol_" + "k" * 43 + "_" + "0f" * 32


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout.of(tmp_path / "hh")
    prepare(layout, Ports(9000))
    layout.runtime.mkdir(mode=0o700)
    yield layout
    for path in layout.runtime.iterdir():
        path.unlink()
    layout.runtime.rmdir()


def _opened(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = {item.name: archive.extractfile(item) for item in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def _bundle(layout: Layout, tmp_path: Path, *configs: Path) -> dict[str, bytes]:
    bundle = write_bundle(layout, tmp_path / "bundle.tar.gz", lines=500, configs=configs)
    assert stat.S_IMODE(bundle.path.stat().st_mode) == 0o600
    found = _opened(bundle.path)
    assert set(found) == {f"hh-doctor/{name}" for name in bundle.contents}
    return found


def _log(layout: Layout, process: str, *lines: str) -> None:
    path = layout.log(process)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def _plant_in_logs(layout: Layout, canary: Canaries) -> None:
    def entry(message: str, **fields: object) -> str:
        return json.dumps({"level": "error", "message": message, "timestamp": "t", **fields})

    password = layout.secret("data", "postgres.password").read_text()
    key = json.loads(layout.credentials.read_text())["api_key"]
    traceback = f"""Traceback (most recent call last):
  File "/opt/hh/door.py", line 7, in take
    raise ValueError(body)
ValueError: {canary("exception")}"""
    _log(
        layout,
        "data.ingest",
        entry(f"refused 'the {canary('quoted')} prompt'", segment="00c1", count=7),
        entry("failed", exception=traceback),
        entry("asked", authorization=f"Bearer {canary('bearer')}"),
        entry("asked", url=f"https://u:{canary('userinfo')}@host.example/"),
        entry("mail to someone", to=f"{canary('mail')}@example.org"),
        entry("login", body={"password": canary("nested")}),
        entry("known", a=password, b=base64.b64encode(key.encode()).decode(), c=quote(key)),
        *traceback.splitlines(),
        canary("a naked line"),
        f"print({canary('debug')!r})",
    )
    postgres = "2026-11-21 10:00:00.000 UTC [77] "
    _log(
        layout,
        "data.postgres",
        f"{postgres}LOG:  database system is ready to accept connections",
        f'{postgres}ERROR:  invalid input syntax for type json: "{canary("pg value")}"',
        f"{postgres}STATEMENT:  INSERT INTO t VALUES ('{canary('statement')}')",
        f"\tcontinued {canary('continuation')}",
    )
    _log(
        layout,
        "data.clickhouse",
        f"Code: 62. DB::Exception: Syntax error: {canary('sql')}: SELECT {canary('sql')}",
        f"control.api: the password is {password}",
    )


def _plant_in_files(layout: Layout, canary: Canaries, tmp_path: Path) -> Path:
    for plane in ("data", "control"):
        write_private(layout.secret(plane, "other.token"), canary("secret file"))
        (layout.plane(plane) / "objects").mkdir(exist_ok=True)
        (layout.plane(plane) / "objects" / f"raw-{canary('object name')}").write_text(
            canary("prompt at rest")
        )
    trust = layout.plane("control") / "trust"
    trust.mkdir()
    (trust / "token-keys.json").write_text(json.dumps({"pem": canary("private key")}))
    write_private(layout.plane("data") / "keys.json", json.dumps({"keys": [canary("digest")]}))
    given = tmp_path / "hand-written.toml"
    given.write_text(
        f"""name = "eu-1"
services = ["api"]
[records]
adapter = "postgres"
password = "{canary("password setting")}"
dsn = "postgres://hh:{canary("dsn")}@db.example/hh"
[queue]
adapter = "nats"
servers = ["nats://hh:{canary("url")}@nats.example:4222"]
[tracing]
endpoint = "https://otel.example"
headers = {{ x-api = "{canary("header")}" }}
[control]
enrolment_token = "${{file:{layout.secret("data", "other.token")}}}"
"""
    )
    return given


@contextmanager
def _serving(path: Path, canary: Canaries) -> Iterator[None]:
    """A process whose answers are as indiscreet as can be."""
    answers = {
        b"/healthz": json.dumps({"process": "data.ingest", "alive": True}),
        b"/readyz": json.dumps(
            {"ready": False, "faults": {"queue": f"said '{canary('fault')} !'"}}
        ),
        b"/metrics": f'hh_x_total{{a="plain",b="{canary("label")} x",c="{JWT}"}} 1.0\n',
    }

    def serve() -> None:
        for _ in answers:
            link, _address = listener.accept()
            with link:
                target = link.recv(4096).split(b" ")[1]
                link.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + answers[target].encode())

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(10)


def test_no_canary_is_found_in_the_bundle(layout: Layout, tmp_path: Path) -> None:
    canary = Canaries()
    _plant_in_logs(layout, canary)
    given = _plant_in_files(layout, canary, tmp_path)
    process = ProcessState("data.ingest", this_process("x").pid, this_process("x").created, True)
    fault = f"it said: '{canary('phase fault')} and more'"
    write_state(
        layout,
        PlatformState(
            Phase.READY,
            9000,
            this_process("supervisor"),
            ProcessState("guardian"),
            {"data.ingest": process},
            fault,
        ),
    )
    with _serving(layout.socket("data.ingest"), canary):
        files = _bundle(layout, tmp_path, given)

    everything = b"\n".join((*files.values(), *(name.encode() for name in files)))
    assert len(canary.planted) >= 24
    assert {name: canary.found_in(data) for name, data in files.items()} == {
        name: [] for name in files
    }
    credentials = json.loads(layout.credentials.read_text())
    for secret in (
        credentials["api_key"],
        *(path.read_text() for path in layout.base.rglob("*.password")),
        JWT,
    ):
        assert secret.encode() not in everything


def test_the_bundle_says_what_a_helper_asks_for(layout: Layout, tmp_path: Path) -> None:
    canary = Canaries()
    _plant_in_logs(layout, canary)
    write_state(
        layout,
        PlatformState(
            Phase.READY,
            9000,
            this_process("supervisor"),
            ProcessState("guardian"),
            {"data.ingest": this_process("data.ingest")},
        ),
    )
    with _serving(layout.socket("data.ingest"), canary):
        files = {
            name.removeprefix("hh-doctor/"): data
            for name, data in _bundle(layout, tmp_path).items()
        }

    assert json.loads(files["versions.json"])["engines"]["nats"]["server"].startswith("nats-server")
    assert json.loads(files["machine.json"])["memory_bytes"]["total"] > 1 << 20
    assert len(json.loads(files["ports.json"])) == 10
    processes = json.loads(files["processes.json"])["processes"]
    assert [item["name"] for item in processes] == ["supervisor", "data.ingest"]
    assert all(item["memory_bytes"] > 1 << 20 for item in processes)
    settings = json.loads(files["config/data.ingest.json"])
    assert settings["queue"]["password"].startswith("${file:")
    assert settings["listen"]["http"] == "127.0.0.1:9001"
    assert json.loads(files["healthz/data.ingest.json"])["alive"] is True
    assert b'hh_x_total{a="plain"' in files["metrics/data.ingest.txt"]
    log = files["logs/data.ingest.log"].decode()
    assert '"segment": "00c1", "count": 7' in log
    assert 'File \\"/opt/hh/door.py\\", line 7, in take' in log
    assert "ValueError" in log
    assert "ready to accept connections" in files["logs/data.postgres.log"].decode()


def test_a_platform_that_never_started_has_a_bundle_too(tmp_path: Path) -> None:
    bundle = write_bundle(Layout.of(tmp_path / "none"), tmp_path / "b.tar.gz", lines=10)

    found = json.loads(_opened(bundle.path)["hh-doctor/processes.json"])
    assert found == {"phase": "never started", "fault": ""}


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(ConfigError, match="File exists"):
        write_bundle(Layout.of(tmp_path / "none"), tmp_path / "mine", lines=10)
    assert (tmp_path / "mine").read_text() == "mine"


SECRETS = [new_key(kind, bytes(range(RANDOM_BYTES))) for kind in KeyKind] + [JWT, PEM, ENROL]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:14])
@pytest.mark.parametrize("around", ["{}", "key={}", "'{}'", '{{"a": "{}"}}', "x%20{}&b", "({})."])
def test_what_looks_like_a_secret_goes_also_unknown(secret: str, around: str) -> None:
    scrubbed = Scrubber().text(around.replace("{{", "{").replace("}}", "}").replace("{}", secret))

    words = secret.replace("-----", " ").split()
    assert not any(word in scrubbed for word in words if len(word) > 12)


@settings(max_examples=200)
@given(st.text(min_size=4, max_size=60).map(str.strip).filter(lambda text: len(text) >= 4))
def test_a_known_secret_goes_wherever_it_stands(secret: str) -> None:
    scrubber = Scrubber([secret])

    for text in (secret, f"<{secret}>", f"{secret}{secret}", f"x {quote(secret)} y"):
        assert secret not in scrubber.text(text) or secret in "<[gone]>"


@pytest.mark.parametrize(
    "text",
    [
        "hh_data_dispatch_total 12.0",
        "hh_cli.embedded.supervisor",
        "ready",
        "6c1b1c52-6f0e-4a5e-9d5a-6f2f0d5e7a10",
        "0192f1c4a7b30001000000000000002a",
        "127.0.0.1:8473",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert Scrubber(["topsecret"]).text(text) == text
