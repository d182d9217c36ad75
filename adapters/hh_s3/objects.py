"""The objects port on any store that speaks S3 and honours ``If-None-Match`` on a put."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import aioboto3
from aiobotocore.session import get_session
from aiohttp import ClientError as HttpError
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.loaders import create_loader
from pydantic import Field, SecretStr

from hh_core.errors import (
    ClosedError,
    ConfigError,
    ConflictError,
    DeniedError,
    NotFoundError,
    OverloadedError,
    PortError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.registry import Adapter, AdapterConfig
from hh_s3.listing import FILE, walked

_KEY = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")
_DOTS = re.compile(r"(^|/)\.+(/|$)")
_MAX_KEY_BYTES = 512
_DELETED_AT_ONCE = 1000
_LISTED_AT_ONCE = 1000
_CONTENTION = 5
"""Attempts at a put that meets another one of the same key."""

_MISSING = {"NoSuchKey", "404", "NotFound"}
_EXISTS = {"PreconditionFailed", "412"}
_CONTENDED = {"ConditionalRequestConflict", "409", "OperationAborted"}
_DENIED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden",
           "ExpiredToken", "InvalidToken", "NoSuchBucket", "AllAccessDisabled"}  # fmt: skip
_OVERLOADED = {"SlowDown", "503", "TooManyRequests", "RequestLimitExceeded", "QuotaExceeded",
               "InsufficientStorage", "507", "XMinioStorageFull"}  # fmt: skip
_REJECTED = {"KeyTooLongError", "EntityTooLarge", "InvalidArgument", "InvalidObjectName"}

_MODELS = create_loader()
"""Of S3's API, shared by all sessions: reading them anew costs each 0.13 seconds of CPU."""


class S3Config(AdapterConfig):
    """Settings of the objects adapter ``s3``."""

    bucket: str = Field(min_length=3)
    """It must exist."""
    prefix: str = Field(default="", pattern=r"^([A-Za-z0-9._=-]{1,128}/)?$")
    """Put before every key, with a slash at its end, so that several platforms share a bucket."""
    endpoint: str | None = None
    """``https://host:port`` of a store that is not AWS."""
    region: str = "us-east-1"
    """Of the bucket."""
    access_key: str | None = None
    """Without it, credentials are found as AWS's tools find them (role, environment, file)."""
    secret_key: SecretStr | None = None
    """Of the access key."""
    addressing: Literal["auto", "path", "virtual"] = "auto"
    """Bucket in the path or in the host name."""
    layout: Literal["flat", "folders"] = "flat"
    """``folders`` for a store that keeps keys as files in folders (SeaweedFS): it lists folder by
    folder, not in the order of keys, and a name is either a file or a folder."""
    connections: int = Field(default=32, gt=0)
    """Open at the same time."""
    timeout_seconds: float = Field(default=20.0, gt=0)
    """How long the store may keep silent."""


class S3Objects:
    def __init__(self, client: Any, config: S3Config) -> None:
        self._client = client
        self._config = config
        self._bucket = config.bucket
        self._closed = False

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        self._check(key)
        condition = {} if replace else {"IfNoneMatch": "*"}
        for attempt in range(_CONTENTION):
            try:
                await self._call("put_object", Key=self._path(key), Body=data, **condition)
                return
            except _ExistsError as error:
                if await self._is(key, data):
                    return
                raise ConflictError("the object exists with other bytes") from error.__cause__
            except _ContendedError:
                if attempt == _CONTENTION - 1:
                    raise

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        self._check(key)
        if start == 0 and end is None:
            return await self._read(key)
        if end is not None and end <= start:
            await self._call("head_object", Key=self._path(key))
            return b""
        try:
            return await self._read(key, Range=f"bytes={start}-{'' if end is None else end - 1}")
        except _RangeError:
            return b""

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        self._check()
        infos: list[ObjectInfo] = []
        base = self._config.prefix
        async for key, size in self._listed(base + prefix, after and base + after, limit):
            infos.append(ObjectInfo(key[len(base) :], size))
            if len(infos) >= limit:
                break
        return infos

    async def delete(self, keys: Sequence[str]) -> None:
        self._check(*keys)
        for first in range(0, len(keys), _DELETED_AT_ONCE):
            named = [{"Key": self._path(key)} for key in keys[first : first + _DELETED_AT_ONCE]]
            answer = await self._call("delete_objects", Delete={"Objects": named, "Quiet": True})
            failed = [one for one in answer.get("Errors", []) if one.get("Code") not in _MISSING]
            if failed:
                raise UnavailableError(f"{len(failed)} objects could not be deleted")

    async def ping(self) -> None:
        self._check()
        try:
            await self._call("head_bucket")
        except NotFoundError as error:
            raise UnavailableError("the bucket is not there") from error

    async def check(self) -> None:
        """Raise ``ConfigError`` if the bucket does not exist."""
        try:
            await self._call("head_bucket")
        except NotFoundError as error:
            raise ConfigError("the bucket of the object store does not exist") from error

    def close(self) -> None:
        self._closed = True

    def _listed(self, prefix: str, after: str, limit: int) -> AsyncIterator[tuple[str, int]]:
        if self._config.layout == "folders":
            return walked(self._pages, prefix, after)
        return self._in_key_order(prefix, after, limit)

    async def _in_key_order(
        self, prefix: str, after: str, limit: int
    ) -> AsyncIterator[tuple[str, int]]:
        size = min(limit, _LISTED_AT_ONCE)
        async for page in self._pages(Prefix=prefix, StartAfter=after, MaxKeys=size):
            for found in page.get("Contents", []):
                yield found["Key"], found["Size"]

    async def _pages(self, **options: Any) -> AsyncIterator[dict[str, Any]]:
        while True:
            page = await self._call("list_objects_v2", **options)
            yield page
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    async def _is(self, key: str, data: bytes) -> bool:
        """Whether the object has just these bytes. One that is gone again has not."""
        try:
            return await self._read(key) == data
        except NotFoundError:
            return False

    async def _read(self, key: str, **options: str) -> bytes:
        answer = await self._call("get_object", Key=self._path(key), **options)
        with _driver_errors():
            async with answer["Body"] as body:
                data: bytes = await body.read()
        if len(data) != answer["ContentLength"]:
            raise UnavailableError("the object store cut its answer short")
        return data

    async def _call(self, name: str, **options: Any) -> Any:
        with _driver_errors():
            return await getattr(self._client, name)(Bucket=self._bucket, **options)

    def _path(self, key: str) -> str:
        return self._config.prefix + key + (FILE if self._config.layout == "folders" else "")

    def _check(self, *keys: str) -> None:
        if self._closed:
            raise ClosedError("the object store is closed")
        for key in keys:
            if len(key) > _MAX_KEY_BYTES or not _KEY.fullmatch(key) or _DOTS.search(key):
                raise RejectedError("not a key of an object: letters, digits, . _ = - and slashes")


class _ExistsError(PortError):
    """The condition of a put failed. Does not leave this module."""


class _ContendedError(UnavailableError):
    """Another put of the same key is running; the store settles neither."""


class _RangeError(PortError):
    """The range starts past the end. Does not leave this module."""


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Say what an error of the store or its driver means to the caller (O5)."""
    try:
        yield
    except ClientError as error:
        raise _refused(error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise DeniedError("there are no credentials for the object store") from error
    except (BotoCoreError, HttpError, OSError, TimeoutError) as error:
        raise UnavailableError(
            f"the object store does not answer: {type(error).__name__}"
        ) from error


def _refused(error: ClientError) -> PortError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    what = f"the object store answered {code}"
    if code in _MISSING:
        return NotFoundError("there is no such object")
    if code in _EXISTS:
        return _ExistsError(what)
    if code in _CONTENDED:
        return _ContendedError(what)
    if code in ("InvalidRange", "416"):
        return _RangeError(what)
    if code in _DENIED:
        return DeniedError(what)
    if code in _OVERLOADED:
        return OverloadedError(what)
    if code in _REJECTED:
        return RejectedError(what)
    return UnavailableError(what)


@asynccontextmanager
async def open_objects(config: S3Config) -> AsyncIterator[Objects]:
    secret = config.secret_key.get_secret_value() if config.secret_key else None
    core = get_session()
    core.register_component("data_loader", _MODELS)
    session = aioboto3.Session(
        botocore_session=core,
        aws_access_key_id=config.access_key,
        aws_secret_access_key=secret,
        region_name=config.region,
    )
    options = Config(
        s3={"addressing_style": config.addressing},
        max_pool_connections=config.connections,
        connect_timeout=config.timeout_seconds,
        read_timeout=config.timeout_seconds,
        retries={"total_max_attempts": 1},  # whoever calls us retries, with backoff
    )
    async with session.client("s3", endpoint_url=config.endpoint, config=options) as client:
        objects = S3Objects(client, config)
        await objects.check()
        try:
            yield objects
        finally:
            objects.close()


ADAPTER = Adapter(config=S3Config, open=open_objects)
