"""What a data plane keeps of its control plane's word: ``configuration.pb``, and the access
document that ingest and the API read. Both are replaced whole, readable by their owner only."""

import base64
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
from google.protobuf.message import DecodeError

from hh_core.errors import UnavailableError
from hh_core.wire.pb.controller_pb2 import Configuration, Key, Project
from hh_data.cluster_identity import ClusterIdentity
from hh_runtime.signing import read_private, write_private

log = logging.getLogger(__name__)

FORMAT_VERSION = 2
HEARD_EVERY_MS = 60_000
"""How exactly the disk knows when the control plane was heard of last."""


class FollowedFiles:
    """``hh_core.usecases.follow.Store`` on the disk. ``access`` is the access document's path;
    after ``max_offline_ms`` without a word of the control plane it counts no more."""

    def __init__(
        self,
        identity: ClusterIdentity,
        access: Path,
        *,
        max_offline_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._identity = identity
        self._access = access
        self._path = access.with_name("configuration.pb")
        self._max_offline_ms = max_offline_ms
        self._now_ms = now_ms
        self._kept: Configuration | None = None
        self._heard_ms = 0

    def trust(self) -> bytes | None:
        return self._identity.trust()

    def save_trust(self, data: bytes) -> None:
        try:
            self._identity.save_trust(data)
        except OSError as error:
            raise UnavailableError(f"the chain cannot be kept: {error.strerror}") from error

    def configuration(self) -> bytes | None:
        return read_private(self._path)

    def save_configuration(self, data: bytes, configuration: Configuration) -> None:
        try:
            write_private(self._path, data)
            self._write(configuration, self._now_ms())
        except OSError as error:
            raise UnavailableError(f"a configuration cannot be kept: {error.strerror}") from error

    def restore(self, version: int) -> None:
        """Write the access document anew from the kept configuration, if it is this version: a
        crash may have come between the two files."""
        data = self.configuration()
        if data is None or version == 0:
            return
        try:
            kept = Configuration.FromString(data)
        except DecodeError:
            return
        if kept.version == version:
            try:
                heard_ms = max(kept.issued_ms, self._last_heard(kept))
                self._write(kept, min(heard_ms, self._now_ms()))
            except OSError as error:
                log.error("the access document cannot be written: %s", error.strerror)

    def heard(self) -> None:
        """The control plane has spoken, and what is kept is what it wants."""
        now = self._now_ms()
        if self._kept is None or 0 <= now - self._heard_ms < HEARD_EVERY_MS:
            return
        try:
            self._write(self._kept, now)
        except OSError as error:
            log.error("the access document cannot be written: %s", error.strerror)

    def _write(self, kept: Configuration, heard_ms: int) -> None:
        document = access_document(kept)
        document["heard_ms"] = heard_ms
        document["fresh_until_ms"] = heard_ms + self._max_offline_ms
        write_private(self._access, orjson.dumps(document))
        self._kept, self._heard_ms = kept, heard_ms

    def _last_heard(self, kept: Configuration) -> int:
        """As the access document says, if it is of this configuration's control plane."""
        try:
            document = orjson.loads(self._access.read_bytes())
            is_ours = document["issuer"] == kept.issuer and document["dp_id"] == kept.dp_id
            return min(int(document["heard_ms"]), self._now_ms()) if is_ours else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0


def access_document(kept: Configuration) -> dict[str, Any]:
    """A rendering of the configuration, without the times of contact."""
    by_kind: dict[str, list[Any]] = {}
    for item in kept.items:
        name = item.WhichOneof("item")
        by_kind.setdefault(name, []).append(getattr(item, name))

    def of(name: str) -> Iterable[Any]:
        return by_kind.get(name, ())

    return {
        "version": FORMAT_VERSION,
        "issuer": kept.issuer,
        "dp_id": kept.dp_id,
        "configuration_version": kept.version,
        "draining": any(plane.draining for plane in of("data_plane")),
        "keys": [_key(key) for key in of("key")],
        "projects": [_project(project) for project in of("project")],
        "members": [
            {"project_id": each.project_id, "user_id": each.user_id, "roles": list(each.roles)}
            for each in of("member")
        ],
        "revocations": [
            {"subject": each.subject, "issued_before_ms": each.issued_before_ms}
            for each in of("revocation")
        ],
        "token_keys": [
            {
                "kid": each.kid,
                "public_key": base64.b64encode(each.public_key).decode(),
                "not_after_ms": each.not_after_ms,
            }
            for each in of("token_key")
        ],
        "evaluator_templates": [
            {
                "template_id": each.template_id,
                "name": each.name,
                "language": each.language,
                "source": each.source,
            }
            for each in of("evaluator_template")
        ],
    }


def _key(key: Key) -> dict[str, Any]:
    return {
        "digest": key.digest.hex(),
        "key_id": key.key_id,
        "kind": key.kind,
        "org_id": key.org_id,
        "workspace_id": key.workspace_id or None,
        "project_id": key.project_id or None,
        "permissions": list(key.permissions),
        "expires_ms": key.expires_ms or None,
        "creator_id": key.creator_id or None,
    }


def _project(project: Project) -> dict[str, Any]:
    return {
        "project_id": project.project_id,
        "org_id": project.org_id,
        "workspace_id": project.workspace_id,
        "name": project.name,
        "retention_days": project.retention_days or None,
        "promoted": list(project.promoted),
        "strict_names": project.strict_names,
    }
