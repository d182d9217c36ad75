"""What comes down from a control plane: its canonical form, its digest, and the allow-list.

An item is taken only if every field of it is what it should be: an id where an id belongs, a name
of bounded length, a number in range. Nothing here can be a URL that somebody would fetch, a
password or a session; a field that this release does not know refuses the item.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from hh_core.errors import RejectedError
from hh_core.wire.pb.controller_pb2 import (
    Configuration,
    DataPlane,
    EvaluatorTemplate,
    Item,
    Key,
    Member,
    Project,
    Revocation,
    Signed,
    SigningKey,
    TokenKey,
)

FORMAT_VERSION = 1
MAX_DOWN_BYTES = 16 << 20
MAX_UP_BYTES = 1 << 20
MAX_BODY_BYTES = MAX_DOWN_BYTES - (4 << 10)
"""Of a signed body: there must be room for its signature."""
MAX_ITEMS = 50_000
MAX_NUMBER = 1 << 53
"""What JSON and databases carry exactly: times, versions."""
MAX_NAME = 200
MAX_PROMOTED = 64
MAX_PERMISSIONS = 128
MAX_SOURCE = 64 << 10
MAX_RETENTION_DAYS = 36_500
MAX_LINKS = 10_000

KEY_KINDS = frozenset({"project", "read_only", "ingestion", "data_plane"})
"""Keys for the control plane stay there."""
PROJECT_ROLES = frozenset({"project.admin", "project.member"})
LANGUAGES = frozenset({"python"})

_UUID_TEXT = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID = re.compile(_UUID_TEXT)
_SUBJECT = re.compile(rf"(?:user|session)/{_UUID_TEXT}")
_PERMISSION = re.compile(r"(?:org|workspace|project)\.[a-z_]{1,64}")
_ATTRIBUTE = re.compile(r"[\w.:/@-]{1,128}")
_GONE = re.compile(r"[a-z_]{1,32}/[0-9a-z/_-]{1,128}")
ISSUER = re.compile(r"[a-z0-9-]{1,64}")
RELEASE = re.compile(r"[\w.+-]{1,32}", re.ASCII)
KEY_ID = re.compile(r"[0-9a-f]{64}")

_SPKI_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

Items = Mapping[str, Item]
"""By identity."""


def key_id_of(public_key: bytes) -> str:
    """How a public key is named wherever it counts."""
    return hashlib.sha256(public_key).hexdigest()


def is_p256_public_key(data: bytes) -> bool:
    """Whether this is the SubjectPublicKeyInfo of a point on P-256, in its one canonical form."""
    if len(data) != len(_SPKI_P256) + 64 or not data.startswith(_SPKI_P256):
        return False
    x = int.from_bytes(data[-64:-32], "big")
    y = int.from_bytes(data[-32:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def signed_bytes(kind: str, body: bytes) -> bytes:
    """What the control plane signs: the body in the domain of its kind (a message's name)."""
    return b"hh-signed-v1\0" + kind.encode() + b"\0" + body


def enrol_bytes(dp_id: str, one_time_token: str) -> bytes:
    """What a data plane signs to show that it holds the key that it enrols."""
    digest = hashlib.sha256(one_time_token.encode("utf-8", "surrogateescape")).digest()
    return b"hh-enrol-v1\0" + dp_id.encode("utf-8", "surrogateescape") + b"\0" + digest


def rotate_bytes(dp_id: str, public_key: bytes) -> bytes:
    """What a data plane signs with its old and with its new key."""
    return b"hh-rotate-v1\0" + dp_id.encode("utf-8", "surrogateescape") + b"\0" + public_key


def identity(item: Item) -> str:
    """Raises ``RejectedError`` for an item of a sort that this release does not know."""
    name = item.WhichOneof("item")
    if name is None:
        raise RejectedError("item: of an unknown sort")
    return f"{name}/{_ID[name](getattr(item, name))}"


_ID: Mapping[str, Callable[[Any], str]] = {
    "key": lambda key: str(key.key_id),
    "project": lambda project: str(project.project_id),
    "member": lambda member: f"{member.project_id}/{member.user_id}",
    "revocation": lambda revocation: str(revocation.subject),
    "token_key": lambda token_key: str(token_key.kid),
    "data_plane": lambda _: "self",
    "evaluator_template": lambda template: str(template.template_id),
}


def digest_of(items: Items) -> bytes:
    """SHA-256 over the items in the order of their identities: both sides get the same one if and
    only if they have the same items."""
    hashed = hashlib.sha256(b"hh-items-v1\0")
    for name in sorted(items):
        hashed.update(framed(items[name]))
    return hashed.digest()


def framed(item: Item) -> bytes:
    """An item in its canonical form, with its length before it."""
    data: bytes = item.SerializeToString(deterministic=True)
    return len(data).to_bytes(4, "big") + data


def checked_items(items: Iterable[Item]) -> dict[str, Item]:
    """The items by identity. Raises ``RejectedError`` if one is not what it should be, if two are
    of one identity, or if there are too many."""
    found: dict[str, Item] = {}
    for item in items:
        check_item(item)
        name = identity(item)
        _require(name not in found, "item: twice")
        _require(len(found) < MAX_ITEMS, "items: too many")
        found[name] = item
    return found


def check_gone(names: Iterable[str]) -> frozenset[str]:
    found = list(names)
    _require(len(found) <= MAX_ITEMS, "gone: too many")
    _require(all(_GONE.fullmatch(name) for name in found), "gone: not an identity")
    return frozenset(found)


def check_item(item: Item) -> None:
    """Raises ``RejectedError`` that names the field, never its value."""
    name = item.WhichOneof("item")
    if name is None:
        raise RejectedError("item: of an unknown sort")
    require_known(item)
    _CHECKS[name](getattr(item, name))


def require_known(message: Message) -> None:
    """Raises ``RejectedError`` if a message, or one within it, has a field that this release does
    not know."""
    _require(len(UnknownFieldSet(message)) == 0, "message: an unknown field")
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for inner in value if isinstance(value, Iterable) else (value,):
            require_known(inner)


def _check_key(key: Key) -> None:
    _require_uuid(key.key_id, "key.key_id")
    _require(len(key.digest) == 32, "key.digest: not a SHA-256")
    _require(key.kind in KEY_KINDS, "key.kind: unknown")
    _require_uuid(key.org_id, "key.org_id")
    for name in ("workspace_id", "project_id", "creator_id"):
        if getattr(key, name):
            _require_uuid(getattr(key, name), f"key.{name}")
    _require(bool(key.workspace_id) or not key.project_id, "key.workspace_id: missing")
    _require(
        key.kind == "data_plane" or bool(key.project_id), "key.project_id: missing for its kind"
    )
    _require(len(key.permissions) <= MAX_PERMISSIONS, "key.permissions: too many")
    allowed = all(_PERMISSION.fullmatch(each) for each in key.permissions)
    _require(allowed, "key.permissions: not a permission")
    _require_number(key.expires_ms, "key.expires_ms")


def _check_project(project: Project) -> None:
    for name in ("project_id", "org_id", "workspace_id"):
        _require_uuid(getattr(project, name), f"project.{name}")
    _require_name(project.name, "project.name")
    _require(project.retention_days <= MAX_RETENTION_DAYS, "project.retention_days: too many")
    _require(len(project.promoted) <= MAX_PROMOTED, "project.promoted: too many")
    named = all(_ATTRIBUTE.fullmatch(each) for each in project.promoted)
    _require(named, "project.promoted: not the name of an attribute")


def _check_member(member: Member) -> None:
    _require_uuid(member.project_id, "member.project_id")
    _require_uuid(member.user_id, "member.user_id")
    _require(0 < len(member.roles) <= len(PROJECT_ROLES), "member.roles: none or too many")
    _require(PROJECT_ROLES.issuperset(member.roles), "member.roles: unknown")


def _check_revocation(revocation: Revocation) -> None:
    _require(_SUBJECT.fullmatch(revocation.subject) is not None, "revocation.subject: no subject")
    _require_number(revocation.issued_before_ms, "revocation.issued_before_ms")


def _check_token_key(key: TokenKey) -> None:
    _require(is_p256_public_key(key.public_key), "token_key.public_key: not on P-256")
    _require(key.kid == key_id_of(key.public_key), "token_key.kid: not of its key")
    _require_number(key.not_after_ms, "token_key.not_after_ms")


def _check_data_plane(plane: DataPlane) -> None:
    _require_name(plane.name, "data_plane.name")


def _check_template(template: EvaluatorTemplate) -> None:
    _require_uuid(template.template_id, "evaluator_template.template_id")
    _require_name(template.name, "evaluator_template.name")
    _require(template.language in LANGUAGES, "evaluator_template.language: unknown")
    _require(len(template.source.encode()) <= MAX_SOURCE, "evaluator_template.source: too long")


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "key": _check_key,
    "project": _check_project,
    "member": _check_member,
    "revocation": _check_revocation,
    "token_key": _check_token_key,
    "data_plane": _check_data_plane,
    "evaluator_template": _check_template,
}


def configuration_of(signed: Signed) -> Configuration:
    """The body of what is signed, unverified. Raises ``RejectedError``."""
    _require(len(signed.body) <= MAX_BODY_BYTES, "configuration: too large")
    try:
        configuration = Configuration.FromString(signed.body)
    except DecodeError:
        raise RejectedError("configuration: not one") from None
    _require(len(UnknownFieldSet(configuration)) == 0, "configuration: an unknown field")
    for name in ("version", "after", "issued_ms"):
        _require_number(getattr(configuration, name), f"configuration.{name}")
    return configuration


def signing_key_of(signed: Signed) -> SigningKey:
    """The body of a link of the chain, unverified. Raises ``RejectedError``."""
    _require(len(signed.body) <= 1024, "signing_key: too large")
    try:
        link = SigningKey.FromString(signed.body)
    except DecodeError:
        raise RejectedError("signing_key: not one") from None
    _require(len(UnknownFieldSet(link)) == 0, "signing_key: an unknown field")
    _require(0 < link.number <= MAX_LINKS, "signing_key.number: out of range")
    _require(is_p256_public_key(link.public_key), "signing_key.public_key: not on P-256")
    return link


def _require_uuid(text: str, what: str) -> None:
    _require(_UUID.fullmatch(text) is not None, f"{what}: not a UUID")


def _require_name(text: str, what: str) -> None:
    _require(0 < len(text) <= MAX_NAME and text.isprintable(), f"{what}: not a name")


def _require_number(number: int, what: str) -> None:
    _require(number <= MAX_NUMBER, f"{what}: out of range")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RejectedError(message)
