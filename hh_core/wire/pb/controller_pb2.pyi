from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolRequest(_message.Message):
    __slots__ = ("format_version", "dp_id", "one_time_token", "public_key", "proof")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DP_ID_FIELD_NUMBER: _ClassVar[int]
    ONE_TIME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    dp_id: str
    one_time_token: str
    public_key: bytes
    proof: bytes
    def __init__(self, format_version: _Optional[int] = ..., dp_id: _Optional[str] = ..., one_time_token: _Optional[str] = ..., public_key: _Optional[bytes] = ..., proof: _Optional[bytes] = ...) -> None: ...

class EnrolResponse(_message.Message):
    __slots__ = ("issuer", "key_chain")
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    KEY_CHAIN_FIELD_NUMBER: _ClassVar[int]
    issuer: str
    key_chain: _containers.RepeatedCompositeFieldContainer[Signed]
    def __init__(self, issuer: _Optional[str] = ..., key_chain: _Optional[_Iterable[_Union[Signed, _Mapping]]] = ...) -> None: ...

class TokenRequest(_message.Message):
    __slots__ = ("assertion",)
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    assertion: str
    def __init__(self, assertion: _Optional[str] = ...) -> None: ...

class TokenResponse(_message.Message):
    __slots__ = ("token", "expires_in_s")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_IN_S_FIELD_NUMBER: _ClassVar[int]
    token: str
    expires_in_s: int
    def __init__(self, token: _Optional[str] = ..., expires_in_s: _Optional[int] = ...) -> None: ...

class Signed(_message.Message):
    __slots__ = ("body", "key_id", "signature")
    BODY_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    body: bytes
    key_id: str
    signature: bytes
    def __init__(self, body: _Optional[bytes] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class SigningKey(_message.Message):
    __slots__ = ("number", "public_key", "issued_ms")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    ISSUED_MS_FIELD_NUMBER: _ClassVar[int]
    number: int
    public_key: bytes
    issued_ms: int
    def __init__(self, number: _Optional[int] = ..., public_key: _Optional[bytes] = ..., issued_ms: _Optional[int] = ...) -> None: ...

class Up(_message.Message):
    __slots__ = ("hello", "applied", "health", "rotate_key")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    ROTATE_KEY_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    applied: Applied
    health: Health
    rotate_key: RotateKey
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., applied: _Optional[_Union[Applied, _Mapping]] = ..., health: _Optional[_Union[Health, _Mapping]] = ..., rotate_key: _Optional[_Union[RotateKey, _Mapping]] = ...) -> None: ...

class Down(_message.Message):
    __slots__ = ("welcome", "signing_key", "configuration", "key_rotated", "current")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    KEY_ROTATED_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    signing_key: Signed
    configuration: Signed
    key_rotated: KeyRotated
    current: Current
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., signing_key: _Optional[_Union[Signed, _Mapping]] = ..., configuration: _Optional[_Union[Signed, _Mapping]] = ..., key_rotated: _Optional[_Union[KeyRotated, _Mapping]] = ..., current: _Optional[_Union[Current, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("format_version", "dp_id", "release", "configuration_version", "configuration_digest", "signing_key_number")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DP_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    dp_id: str
    release: str
    configuration_version: int
    configuration_digest: bytes
    signing_key_number: int
    def __init__(self, format_version: _Optional[int] = ..., dp_id: _Optional[str] = ..., release: _Optional[str] = ..., configuration_version: _Optional[int] = ..., configuration_digest: _Optional[bytes] = ..., signing_key_number: _Optional[int] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("issuer", "now_ms", "health_seconds")
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    HEALTH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    issuer: str
    now_ms: int
    health_seconds: int
    def __init__(self, issuer: _Optional[str] = ..., now_ms: _Optional[int] = ..., health_seconds: _Optional[int] = ...) -> None: ...

class Current(_message.Message):
    __slots__ = ("configuration_version",)
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    configuration_version: int
    def __init__(self, configuration_version: _Optional[int] = ...) -> None: ...

class Applied(_message.Message):
    __slots__ = ("configuration_version", "configuration_digest", "refused")
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    configuration_version: int
    configuration_digest: bytes
    refused: str
    def __init__(self, configuration_version: _Optional[int] = ..., configuration_digest: _Optional[bytes] = ..., refused: _Optional[str] = ...) -> None: ...

class Health(_message.Message):
    __slots__ = ("release", "configuration_version", "backlog_segments", "oldest_ms", "spans", "bytes", "unready", "key_uses", "public_url")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_MS_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    UNREADY_FIELD_NUMBER: _ClassVar[int]
    KEY_USES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_URL_FIELD_NUMBER: _ClassVar[int]
    release: str
    configuration_version: int
    backlog_segments: int
    oldest_ms: int
    spans: int
    bytes: int
    unready: _containers.RepeatedScalarFieldContainer[str]
    key_uses: _containers.RepeatedCompositeFieldContainer[KeyUse]
    public_url: str
    def __init__(self, release: _Optional[str] = ..., configuration_version: _Optional[int] = ..., backlog_segments: _Optional[int] = ..., oldest_ms: _Optional[int] = ..., spans: _Optional[int] = ..., bytes: _Optional[int] = ..., unready: _Optional[_Iterable[str]] = ..., key_uses: _Optional[_Iterable[_Union[KeyUse, _Mapping]]] = ..., public_url: _Optional[str] = ...) -> None: ...

class KeyUse(_message.Message):
    __slots__ = ("key_id", "used_ms")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USED_MS_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    used_ms: int
    def __init__(self, key_id: _Optional[str] = ..., used_ms: _Optional[int] = ...) -> None: ...

class RotateKey(_message.Message):
    __slots__ = ("public_key", "by_old", "by_new")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    BY_OLD_FIELD_NUMBER: _ClassVar[int]
    BY_NEW_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    by_old: bytes
    by_new: bytes
    def __init__(self, public_key: _Optional[bytes] = ..., by_old: _Optional[bytes] = ..., by_new: _Optional[bytes] = ...) -> None: ...

class KeyRotated(_message.Message):
    __slots__ = ("public_key",)
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    def __init__(self, public_key: _Optional[bytes] = ...) -> None: ...

class Configuration(_message.Message):
    __slots__ = ("dp_id", "issuer", "version", "after", "issued_ms", "items", "gone", "digest")
    DP_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_MS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    dp_id: str
    issuer: str
    version: int
    after: int
    issued_ms: int
    items: _containers.RepeatedCompositeFieldContainer[Item]
    gone: _containers.RepeatedScalarFieldContainer[str]
    digest: bytes
    def __init__(self, dp_id: _Optional[str] = ..., issuer: _Optional[str] = ..., version: _Optional[int] = ..., after: _Optional[int] = ..., issued_ms: _Optional[int] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., gone: _Optional[_Iterable[str]] = ..., digest: _Optional[bytes] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("key", "project", "member", "revocation", "token_key", "data_plane", "evaluator_template")
    KEY_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    REVOCATION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_KEY_FIELD_NUMBER: _ClassVar[int]
    DATA_PLANE_FIELD_NUMBER: _ClassVar[int]
    EVALUATOR_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    key: Key
    project: Project
    member: Member
    revocation: Revocation
    token_key: TokenKey
    data_plane: DataPlane
    evaluator_template: EvaluatorTemplate
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., project: _Optional[_Union[Project, _Mapping]] = ..., member: _Optional[_Union[Member, _Mapping]] = ..., revocation: _Optional[_Union[Revocation, _Mapping]] = ..., token_key: _Optional[_Union[TokenKey, _Mapping]] = ..., data_plane: _Optional[_Union[DataPlane, _Mapping]] = ..., evaluator_template: _Optional[_Union[EvaluatorTemplate, _Mapping]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("key_id", "digest", "kind", "org_id", "workspace_id", "project_id", "permissions", "expires_ms", "creator_id")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    CREATOR_ID_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    digest: bytes
    kind: str
    org_id: str
    workspace_id: str
    project_id: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    expires_ms: int
    creator_id: str
    def __init__(self, key_id: _Optional[str] = ..., digest: _Optional[bytes] = ..., kind: _Optional[str] = ..., org_id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., project_id: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., expires_ms: _Optional[int] = ..., creator_id: _Optional[str] = ...) -> None: ...

class Project(_message.Message):
    __slots__ = ("project_id", "org_id", "workspace_id", "name", "retention_days", "promoted", "strict_names")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RETENTION_DAYS_FIELD_NUMBER: _ClassVar[int]
    PROMOTED_FIELD_NUMBER: _ClassVar[int]
    STRICT_NAMES_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    org_id: str
    workspace_id: str
    name: str
    retention_days: int
    promoted: _containers.RepeatedScalarFieldContainer[str]
    strict_names: bool
    def __init__(self, project_id: _Optional[str] = ..., org_id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., name: _Optional[str] = ..., retention_days: _Optional[int] = ..., promoted: _Optional[_Iterable[str]] = ..., strict_names: bool = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("project_id", "user_id", "roles")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    user_id: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, project_id: _Optional[str] = ..., user_id: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ...) -> None: ...

class Revocation(_message.Message):
    __slots__ = ("subject", "issued_before_ms")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ISSUED_BEFORE_MS_FIELD_NUMBER: _ClassVar[int]
    subject: str
    issued_before_ms: int
    def __init__(self, subject: _Optional[str] = ..., issued_before_ms: _Optional[int] = ...) -> None: ...

class TokenKey(_message.Message):
    __slots__ = ("kid", "public_key", "not_after_ms")
    KID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    kid: str
    public_key: bytes
    not_after_ms: int
    def __init__(self, kid: _Optional[str] = ..., public_key: _Optional[bytes] = ..., not_after_ms: _Optional[int] = ...) -> None: ...

class DataPlane(_message.Message):
    __slots__ = ("name", "draining")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    name: str
    draining: bool
    def __init__(self, name: _Optional[str] = ..., draining: bool = ...) -> None: ...

class EvaluatorTemplate(_message.Message):
    __slots__ = ("template_id", "name", "language", "source")
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    template_id: str
    name: str
    language: str
    source: str
    def __init__(self, template_id: _Optional[str] = ..., name: _Optional[str] = ..., language: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...
