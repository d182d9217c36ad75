"""The data planes that a control plane knows: made, enrolled, trusted by their key, let go.

A data plane is known by public keys. It brings the first one with a one-time token that an
administrator was shown; from then on each step is proved by its own key. The one-time token ends
in the fingerprint of the key that signs configurations, so that a data plane trusts nobody whom
its administrator did not name.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hh_core.domain.authority import Caller
from hh_core.domain.enrolment import RANDOM_BYTES, fingerprint_in, one_time_token, token_digest
from hh_core.domain.scopes import Scope
from hh_core.errors import ConflictError, HHError, NotFoundError, RejectedError
from hh_core.ports.records import Document, Record, Records, UnitOfWork
from hh_core.usecases.audit import Audit
from hh_core.usecases.changes import changed
from hh_core.usecases.configuration import KNOWN, bound_projects
from hh_core.usecases.data_plane_health import HEALTH, REVOKED, said_now, url_of
from hh_core.wire.configuration import (
    MAX_NAME,
    enrol_bytes,
    is_p256_public_key,
    key_id_of,
    rotate_bytes,
)
from hh_core.wire.pb.controller_pb2 import Health, RotateKey

VERSIONS = "data-plane-versions"
ASSERTIONS = "data-plane-assertions"
"""Those that were used, until their time makes them void: ``<ms, 15 digits>-<digest>``."""
ACTIVE, DRAINING = "active", "draining"
ONE_TIME_MS = 24 * 3600 * 1000
_MOST_TRIES = 10
_MOST_LISTED = 1000
_SWEPT = 100
"""Assertions that are forgotten at once: more than come between two sweeps."""

Verify = Callable[[bytes, bytes, bytes], bool]
"""Public key, message, signature."""


class NotProvedError(HHError):
    """Whoever calls has not proved to be this data plane, or it is not let in. Never says why."""

    def __init__(self) -> None:
        super().__init__("not proved to be a data plane of this control plane")


@dataclass(frozen=True, slots=True)
class Created:
    dp_id: UUID
    one_time_token: str
    """Shown once; only its digest is kept."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a data plane is to us right now."""

    dp_id: str
    state: str
    generation: int
    """Of its trust: cluster tokens of an earlier one are void. Grows when it is revoked or
    enrolled, not when it rotates its key."""
    public_keys: Sequence[bytes]
    projects: frozenset[UUID]

    @property
    def is_let_in(self) -> bool:
        return self.state in (ACTIVE, DRAINING)


@dataclass(frozen=True, slots=True)
class View:
    """A data plane for people."""

    dp_id: str
    name: str
    state: str
    is_enrolled: bool
    created_ms: int
    url: str | None
    """Where browsers reach it."""
    health: Document
    """What it said last: ``seen_ms``, ``release``, ``configuration_version``,
    ``backlog_segments``, ``oldest_ms``, ``spans``, ``bytes``, ``unready``, ``public_url``; empty
    before that."""


class DataPlanes:
    def __init__(
        self,
        records: Records,
        fingerprint: Callable[[], str],
        *,
        audit: Audit,
        verify: Verify,
        now_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        """``fingerprint`` is the id of the configuration-signing key in force; ``random`` a
        cryptographic source."""
        self._records = records
        self._fingerprint = fingerprint
        self._audit = audit
        self._verify = verify
        self._now_ms = now_ms
        self._random = random

    async def create(
        self,
        actor: Caller | str,
        org_id: UUID,
        name: str,
        dp_id: UUID | None = None,
        *,
        one_time_token: str | None = None,
    ) -> Created:
        """The id and the token may be chosen by the caller, who must have made them at random.
        Raises ``ConflictError`` if there is one of this id."""
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise RejectedError(f"name: 1 to {MAX_NAME} printable characters", code=422)
        id_ = dp_id or UUID(bytes=self._random(16), version=4)
        token = one_time_token or self._new_token()
        if fingerprint_in(token) is None:
            raise RejectedError("one_time_token: not in the shape of one", code=422)
        value = {
            "org_id": str(org_id),
            "name": name,
            "state": ACTIVE,
            "generation": 0,
            "public_keys": [],
            "enrolment": self._enrolment(token),
            "created_ms": self._now_ms(),
        }
        async with self._records.begin() as unit:
            await unit.put(KNOWN, str(id_), value, expect=0)
            await self._noted(unit, actor, "create_data_plane", str(id_), None, value)
        return Created(id_, token)

    async def let_in(self, actor: Caller | str, org_id: UUID, dp_id: UUID) -> str:
        """A new one-time token: for a data plane that lost its key, or was revoked. The key that
        it has now counts until the token is used. The earlier token is void."""
        token = self._new_token()
        enrolment = self._enrolment(token)
        await self._change(
            actor, "enrol_data_plane", org_id, dp_id, lambda _: {"enrolment": enrolment}
        )
        return token

    async def drain(self, actor: Caller | str, org_id: UUID, dp_id: UUID) -> None:
        """It takes nothing new in, and goes on reading and relaying. Raises ``ConflictError`` for
        one that is revoked."""
        await self._change(actor, "drain_data_plane", org_id, dp_id, _to(DRAINING))

    async def undrain(self, actor: Caller | str, org_id: UUID, dp_id: UUID) -> None:
        await self._change(actor, "undrain_data_plane", org_id, dp_id, _to(ACTIVE))

    async def revoke(self, actor: Caller | str, org_id: UUID, dp_id: UUID) -> None:
        """None of its keys, tokens and one-time tokens counts any more."""

        def revoked(value: Document) -> Document:
            generation = int(value["generation"]) + 1
            return {
                "state": REVOKED,
                "public_keys": [],
                "enrolment": None,
                "generation": generation,
            }

        await self._change(actor, "revoke_data_plane", org_id, dp_id, revoked)

    async def list(self, org_id: UUID) -> Sequence[View]:
        where = {"org_id": str(org_id)}
        async with self._records.begin() as unit:
            known = await unit.find(KNOWN, where=where, limit=_MOST_LISTED)
            said = await unit.get(HEALTH, [record.key for record in known]) if known else ()
        health = {record.key: record.value for record in said}
        return [_view(record, health.get(record.key, {})) for record in known]

    async def get(self, org_id: UUID, dp_id: UUID) -> View:
        """Raises ``NotFoundError``, also for another organisation's."""
        async with self._records.begin() as unit:
            record = await _of(unit, org_id, dp_id)
            said = await unit.get(HEALTH, [str(dp_id)])
        return _view(record, said[0].value if said else {})

    async def standing(self, dp_id: str) -> Standing | None:
        """None for one that nobody knows."""
        async with self._records.begin() as unit:
            known = await unit.get(KNOWN, [dp_id])
            if not known:
                return None
            projects = await bound_projects(unit, dp_id)
        value = known[0].value
        own = [each for each in projects if each.value.get("org_id") == value["org_id"]]
        return Standing(
            dp_id,
            value["state"],
            value["generation"],
            _keys(value),
            frozenset(UUID(each.key) for each in own),
        )

    async def enrol(self, dp_id: str, one_time_token: str, public_key: bytes, proof: bytes) -> None:
        """Make ``public_key`` the data plane's one key. Raises ``NotProvedError``. The same again
        with the same key changes nothing and is no error: its answer may have been lost."""
        is_key = is_p256_public_key(public_key)
        if not is_key or fingerprint_in(one_time_token) is None or not _is_dp_id(dp_id):
            raise NotProvedError
        if not self._verify(public_key, enrol_bytes(dp_id, one_time_token), proof):
            raise NotProvedError
        async with self._records.begin() as unit:
            record = await _known(unit, dp_id)
            used_by = self._require_token(record.value, one_time_token)
            if used_by is not None:
                if used_by != key_id_of(public_key) or public_key not in _keys(record.value):
                    raise NotProvedError
                return
            state = record.value["state"]
            value = {
                **record.value,
                "state": ACTIVE if state == REVOKED else state,
                "generation": int(record.value["generation"]) + 1,
                "public_keys": [_text(public_key)],
                "enrolment": {**record.value["enrolment"], "used_by": key_id_of(public_key)},
            }
            await unit.put(KNOWN, dp_id, value, expect=record.version)
            actor = f"data_plane/{dp_id}"
            await self._noted(unit, actor, "data_plane_enrolled", dp_id, record.value, value)

    async def use_assertion(self, dp_id: str, jti: str, *, void_ms: int) -> None:
        """An assertion counts once, at whichever process it is shown and after a restart too.
        Raises ``NotProvedError`` for one that was used; those whose time is over are forgotten."""
        digest = hashlib.sha256(f"{dp_id} {jti}".encode("utf-8", "surrogateescape")).hexdigest()
        try:
            async with self._records.begin() as unit:
                found = await unit.find(ASSERTIONS, limit=_SWEPT)
                over = [each.key for each in found if each.value["void_ms"] <= self._now_ms()]
                if over:
                    await unit.delete(ASSERTIONS, over)
                value = {"void_ms": void_ms}
                await unit.put(ASSERTIONS, f"{void_ms:015d}-{digest}", value, expect=0)
        except ConflictError:
            raise NotProvedError from None

    async def token_asked_with(self, dp_id: str, public_key: bytes) -> None:
        """The data plane uses this key now: if it is the newest, its earlier keys count no more."""
        async with self._records.begin() as unit:
            record = await _known(unit, dp_id)
            keys = _keys(record.value)
            if len(keys) < 2 or keys[-1] != public_key:
                return
            value = {**record.value, "public_keys": [_text(public_key)]}
            await unit.put(KNOWN, dp_id, value, expect=record.version)

    async def rotate_key(self, dp_id: str, rotation: RotateKey) -> None:
        """Let the new key count beside the old one. Raises ``NotProvedError`` unless both signed
        it. Again with the same key changes nothing."""
        public_key, message = rotation.public_key, rotate_bytes(dp_id, rotation.public_key)
        is_key = is_p256_public_key(public_key)
        if not is_key or not self._verify(public_key, message, rotation.by_new):
            raise NotProvedError
        async with self._records.begin() as unit:
            record = await _known(unit, dp_id)
            keys = _keys(record.value)
            if public_key in keys:
                return
            if not any(self._verify(old, message, rotation.by_old) for old in keys):
                raise NotProvedError
            kept = [old for old in keys if self._verify(old, message, rotation.by_old)]
            value = {**record.value, "public_keys": [*map(_text, kept), _text(public_key)]}
            await unit.put(KNOWN, dp_id, value, expect=record.version)
            actor = f"data_plane/{dp_id}"
            await self._noted(unit, actor, "data_plane_key_rotated", dp_id, record.value, value)

    async def heard(self, dp_id: str, health: Health) -> None:
        """Note what a data plane says about itself. Raises ``RejectedError`` for what cannot be:
        only numbers, codes and an origin are kept."""
        said = said_now(health, self._now_ms())
        async with self._records.begin() as unit:
            await unit.merge(HEALTH, {dp_id: said})

    async def next_version(self, dp_id: str, *, above: int = 0) -> int:
        """A version for a new configuration: about now, above ``above`` and above all that were
        given before. Raises ``ConflictError`` if others take one all the time."""
        for _ in range(_MOST_TRIES):
            try:
                async with self._records.begin() as unit:
                    found = await unit.get(VERSIONS, [dp_id])
                    last = int(found[0].value["version"]) if found else 0
                    version = max(self._now_ms(), last + 1, above + 1)
                    expect = found[0].version if found else 0
                    await unit.put(VERSIONS, dp_id, {"version": version}, expect=expect)
                    return version
            except ConflictError:
                continue
        raise ConflictError("others give versions to this data plane all the time")

    def _enrolment(self, token: str) -> Document:
        expires_ms = self._now_ms() + ONE_TIME_MS
        return {"digest": token_digest(token), "expires_ms": expires_ms, "used_by": None}

    def _new_token(self) -> str:
        return one_time_token(self._random(RANDOM_BYTES), self._fingerprint())

    def _require_token(self, value: Document, one_time_token: str) -> str | None:
        """The id of the key that the token was used for; None if it is not used yet."""
        enrolment: Mapping[str, Any] = value["enrolment"] or {}
        matches = hmac.compare_digest(enrolment.get("digest", ""), token_digest(one_time_token))
        if not matches or enrolment["expires_ms"] <= self._now_ms():
            raise NotProvedError
        used_by: str | None = enrolment["used_by"]
        return used_by

    async def _change(
        self,
        actor: Caller | str,
        action: str,
        org_id: UUID,
        dp_id: UUID,
        change: Callable[[Document], Document],
    ) -> None:
        async with self._records.begin() as unit:
            record = await _of(unit, org_id, dp_id)
            value = {**record.value, **change(record.value)}
            await unit.put(KNOWN, str(dp_id), value, expect=record.version)
            await self._noted(unit, actor, action, str(dp_id), record.value, value)

    async def _noted(
        self,
        unit: UnitOfWork,
        actor: Caller | str,
        action: str,
        dp_id: str,
        before: Document | None,
        after: Document,
    ) -> None:
        scope = Scope(UUID(after["org_id"]))
        await self._audit.note(
            unit, actor, action, f"data_plane/{dp_id}", scope, _told(before), _told(after)
        )
        await changed(unit)


def _to(state: str) -> Callable[[Document], Document]:
    def change(value: Document) -> Document:
        if value["state"] == REVOKED:
            raise ConflictError("the data plane is revoked; enrol it anew first")
        return {"state": state}

    return change


async def _of(unit: UnitOfWork, org_id: UUID, dp_id: UUID) -> Record:
    found = await unit.get(KNOWN, [str(dp_id)])
    if not found or found[0].value["org_id"] != str(org_id):
        raise NotFoundError("no such data plane")
    return found[0]


async def _known(unit: UnitOfWork, dp_id: str) -> Record:
    found = await unit.get(KNOWN, [dp_id])
    if not found:
        raise NotProvedError
    return found[0]


def _view(record: Record, health: Document) -> View:
    value = record.value
    return View(
        dp_id=record.key,
        name=value["name"],
        state=value["state"],
        is_enrolled=bool(value["public_keys"]),
        created_ms=value["created_ms"],
        url=url_of(value["state"], health),
        health=health,
    )


def _told(value: Document | None) -> Document | None:
    """Without the digest of the one-time token."""
    return None if value is None else {**value, "enrolment": None}


def _keys(value: Document) -> Sequence[bytes]:
    """Oldest first; at most two."""
    return [base64.b64decode(text) for text in value["public_keys"]]


def _text(public_key: bytes) -> str:
    return base64.b64encode(public_key).decode()


def _is_dp_id(text: str) -> bool:
    try:
        return len(text) == 36 and str(UUID(text)) == text
    except ValueError:
        return False
