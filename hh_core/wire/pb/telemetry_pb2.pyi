from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AppendRequest(_message.Message):
    __slots__ = ("format_version", "dp_id", "batches", "awaiting", "acknowledged", "backlog_segments", "oldest_ms")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DP_ID_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    AWAITING_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_MS_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    dp_id: str
    batches: _containers.RepeatedCompositeFieldContainer[Batch]
    awaiting: _containers.RepeatedCompositeFieldContainer[Awaited]
    acknowledged: _containers.RepeatedScalarFieldContainer[str]
    backlog_segments: int
    oldest_ms: int
    def __init__(self, format_version: _Optional[int] = ..., dp_id: _Optional[str] = ..., batches: _Optional[_Iterable[_Union[Batch, _Mapping]]] = ..., awaiting: _Optional[_Iterable[_Union[Awaited, _Mapping]]] = ..., acknowledged: _Optional[_Iterable[str]] = ..., backlog_segments: _Optional[int] = ..., oldest_ms: _Optional[int] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("segment", "digest", "first_row", "rows", "total_rows", "attempt", "arrow")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ROWS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ARROW_FIELD_NUMBER: _ClassVar[int]
    segment: str
    digest: str
    first_row: int
    rows: int
    total_rows: int
    attempt: int
    arrow: bytes
    def __init__(self, segment: _Optional[str] = ..., digest: _Optional[str] = ..., first_row: _Optional[int] = ..., rows: _Optional[int] = ..., total_rows: _Optional[int] = ..., attempt: _Optional[int] = ..., arrow: _Optional[bytes] = ...) -> None: ...

class Awaited(_message.Message):
    __slots__ = ("segment", "digest", "total_rows")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ROWS_FIELD_NUMBER: _ClassVar[int]
    segment: str
    digest: str
    total_rows: int
    def __init__(self, segment: _Optional[str] = ..., digest: _Optional[str] = ..., total_rows: _Optional[int] = ...) -> None: ...

class AppendResponse(_message.Message):
    __slots__ = ("accepted", "receipts")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    accepted: _containers.RepeatedCompositeFieldContainer[Accepted]
    receipts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, accepted: _Optional[_Iterable[_Union[Accepted, _Mapping]]] = ..., receipts: _Optional[_Iterable[str]] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("segment", "first_row", "rows", "refusals", "refused_rows")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ROWS_FIELD_NUMBER: _ClassVar[int]
    segment: str
    first_row: int
    rows: int
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    refused_rows: int
    def __init__(self, segment: _Optional[str] = ..., first_row: _Optional[int] = ..., rows: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., refused_rows: _Optional[int] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("row", "code")
    ROW_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    row: int
    code: str
    def __init__(self, row: _Optional[int] = ..., code: _Optional[str] = ...) -> None: ...
