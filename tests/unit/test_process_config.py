"""A configuration file is checked as a whole, and its mistakes are told without values."""

from pathlib import Path

import pytest

from hh_cli.embedded.configs import to_toml
from hh_core.errors import ConfigError
from hh_data.config import DataPlaneConfig
from hh_runtime.config import ProcessConfig, load
from hh_runtime.net import Address

GOOD = """
services = ["dispatch"]
dp_id = "7f1e8a52-3c7b-4d53-9a53-6b7a54a1f0aa"
keys = "/keys.json"
name_key = "/name.key"

[queue]
adapter = "memory"
[objects]
adapter = "memory"
[analytics]
adapter = "memory"
[records]
adapter = "memory"
"""


def _load(tmp_path: Path, text: str, *overrides: str) -> DataPlaneConfig:
    file = tmp_path / "plane.toml"
    file.write_text(text)
    return load(file, DataPlaneConfig, overrides=overrides)


def _faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    return [
        line.removeprefix(f"{tmp_path / 'plane.toml'}: ") for line in str(caught.value).split("\n")
    ]


def test_every_mistake_is_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    text = (
        GOOD.replace(
            'services = ["dispatch"]', 'services = ["dispach"]\nprocess = "${env:NOT_SET}"'
        )
        .replace('[queue]\nadapter = "memory"', '[queue]\nadapter = "memry"')
        .replace('[records]\nadapter = "memory"', '[listen]\nhtp = "127.0.0.1:1"\nhttp = "x"')
    )

    faults = _faults(tmp_path, text)

    assert "process: ${env:NOT_SET} is not set" in faults
    assert "listen.htp: no such setting; did you mean 'http'?" in faults
    assert any(fault.startswith("services: ") and "dispach" in fault for fault in faults)
    assert any(fault.startswith("listen.http: ") for fault in faults)
    assert any(fault.startswith("[queue] no adapter") for fault in faults)


def test_a_port_that_a_service_needs_is_asked_for(tmp_path: Path) -> None:
    faults = _faults(tmp_path, GOOD.replace('[records]\nadapter = "memory"', ""))

    assert faults == ['[records] is missing: dispatch needs it; add a table with adapter = "name"']


def test_no_message_carries_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    text = GOOD.replace('dp_id = "', 'node = "${env:SECRET}"\ndp_id = "hunter2')

    faults = "\n".join(_faults(tmp_path, text))

    assert "node: " in faults
    assert "hunter2" not in faults


def test_references_are_resolved_and_numbers_may_come_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "4318")
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    text = (
        GOOD
        + f"""
[listen]
http = "127.0.0.1:${{env:PORT}}"
[control]
intake = "127.0.0.1:4321"
identity = "/var/lib/hh/identity"
enrolment_token = "${{file:{token}}}"
"""
    )

    config = _load(tmp_path, text)

    assert config.listen.http == Address("127.0.0.1", 4318)
    assert config.control is not None
    assert config.control.enrolment_token is not None
    assert config.control.enrolment_token.get_secret_value() == "s3cret"


def test_a_human_may_override_a_setting(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD, "dispatch.batch_rows=7", "process=data.dispatch-2")

    assert config.dispatch.batch_rows == 7
    assert config.process == "data.dispatch-2"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://data.example",
        "data.example",
        "https://",
        "https://user@data.example",
        "https://data.example/",
        "https://data.example/v1",
        "https://data.example?x",
        "https://data.example#x",
        "https://data.example;script-src *",
        "https://data.example https://evil.example",
        "https://data.example\\n",
        "https://DATA.example",
        "https://döner.example",
        "https://*.example",
        "https://-data.example",
        "https://data..example",
        "https://data.example:0",
        "https://data.example:65536",
        "https://data.example:",
        "https://[::1]:4318",
        "https://" + ".".join(["a" * 60] * 4) + ".example",
    ],
)
def test_where_browsers_reach_a_plane_is_an_origin_in_one_form(tmp_path: Path, url: str) -> None:
    (fault,) = _faults(tmp_path, GOOD + f'[listen]\npublic_url = "{url}"\n')

    assert fault.startswith("listen.public_url: value error, write scheme, host and port")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", "http://127.0.0.1:4318"),
        ('http = "localhost:80"', "http://localhost:80"),
        ('http = "0.0.0.0:4318"', None),
        ('http = "[::1]:4318"', None),
        ('http = "unix:/run/http.sock"', None),
        ('http = "127.0.0.1:0"', None),
        ('tls_certificate = "/c.pem"', None),
        ('http = "0.0.0.0:4318"\npublic_url = "https://data.example"', "https://data.example"),
        ('public_url = "http://192.0.2.1:65535"', "http://192.0.2.1:65535"),
    ],
)
def test_a_plane_beside_its_control_plane_is_told_of_by_itself_and_any_other_if_it_is_named(
    tmp_path: Path, settings: str, told: str | None
) -> None:
    near, far = ("127.0.0.1:4321", "control.example:4321")
    control = '[control]\nidentity = "/identity"\nintake = "{}"\n'
    listen = f"{GOOD}[listen]\n{settings}\n"

    assert _load(tmp_path, listen + control.format(near)).browser_url() == told
    is_named = "public_url" in settings
    assert _load(tmp_path, listen + control.format(far)).browser_url() == (
        told if is_named else None
    )


def test_only_the_ports_that_the_services_need_are_needed(tmp_path: Path) -> None:
    assert set(_load(tmp_path, GOOD).needed()) == {"queue", "objects", "analytics", "records"}


def test_an_acknowledgement_waits_for_the_store_where_that_is_a_remote_one(tmp_path: Path) -> None:
    remote = GOOD.replace(
        '[objects]\nadapter = "memory"', '[objects]\nadapter = "s3"\nbucket = "traces"'
    )

    assert _load(tmp_path, GOOD).durability() == "disk"
    assert _load(tmp_path, remote).durability() == "object"
    assert _load(tmp_path, remote, "ingest.durability=disk").durability() == "disk"


@pytest.mark.parametrize("text", ["not = toml =", "\x00"])
def test_a_file_that_is_no_toml_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    assert "not TOML" in _faults(tmp_path, text)[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "absent.toml", ProcessConfig)


def test_generated_files_keep_odd_paths(tmp_path: Path) -> None:
    import tomllib

    odd = {"path": 'a "quoted" \\ folder\twith ünïcode 🎻', "table": {"ports": [1, 2], "on": True}}

    assert tomllib.loads(to_toml(odd)) == odd
