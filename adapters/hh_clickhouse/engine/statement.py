"""What one HTTP request asks of the engine: a statement, its data, its settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hh_clickhouse.engine.body import DataFile

_INSERT = re.compile(
    rb"\s*(INSERT\s+INTO\s+(?:TABLE\s+)?[^\s(]+\s*(?:\([^)]*\))?\s*(?:SETTINGS\s[^\n]*?)?)"
    rb"\s*\bFORMAT\s+(\w+)[ \t;]*(?:\r?\n|$)",
    re.IGNORECASE,
)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_VERB = re.compile(rb"[\s(]*(\w+)")
_READS = frozenset((b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"DESC", b"EXISTS", b"EXPLAIN"))
_HEAD_BYTES = 65_536
"""An INSERT says its format within these; what follows is data and never searched."""

_NOT_SETTINGS = frozenset(
    (
        *("query", "database", "default_format", "user", "password", "query_id", "role"),
        *("session_id", "session_timeout", "session_check", "close_session", "quota_key"),
        *("compress", "decompress", "buffer_size", "wait_end_of_query", "stacktrace"),
        *("client_protocol_version", "enable_http_compression"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
        "cancel_http_readonly_queries_on_client_close",
    )
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REACHING = re.compile(
    r"\b(infile|outfile|file|disk|table_disk|python|executable|format_(?:schema|template)\w*)\b",
    re.IGNORECASE,
)
"""Words by which a statement reaches the host past the account's grants: the client's INFILE and
OUTFILE, functions without a grant of their own, settings that name files."""


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    format: str
    """Of the answer, or of ``data``."""
    data: bytes | DataFile | None = None
    """What an INSERT brings along, or where it stands; None: the statement stands alone."""
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        verb = _VERB.match(self.sql.encode())
        return self.data is None and verb is not None and verb.group(1).upper() in _READS


def parse(options: Mapping[str, str], body: bytes) -> Statement:
    """Read a request as ClickHouse does: its text is ``?query=``, a line break and the body.

    Raises ``ValueError`` for a setting whose name is none, for text that is not UTF-8, and for
    words that reach the host: values belong into parameters, which may hold any of them.
    """
    settings = {key: value for key, value in options.items() if _is_setting(key)}
    for name in settings:
        if not _NAME.fullmatch(name):
            raise ValueError(f"setting names are words; got {name[:40]!r}")
    sql, form, data = _split(options.get("query", "").encode(), body)
    form = form or options.get("default_format") or "TabSeparated"
    if not _NAME.fullmatch(form):
        raise ValueError("default_format must be the name of a format")
    for text in (sql, *settings):
        _require_harmless(text)
    return Statement(
        sql=sql,
        format=form,
        data=data,
        database=options.get("database", ""),
        settings=settings,
        parameters={
            key.removeprefix("param_"): value
            for key, value in options.items()
            if key.startswith("param_")
        },
    )


def is_insert_of_body(query: str) -> bool:
    """Whether the whole body of a request with this ``?query=`` is data."""
    return _INSERT.fullmatch(query.encode()) is not None


def _require_harmless(text: str) -> None:
    if found := _REACHING.search(text):
        raise ValueError(f"{found.group(1).lower()} is not allowed in a statement here")
    if "\\" in text and ("`" in text or '"' in text):
        raise ValueError("a backslash and a quoted name in one statement may hide another name")


def _split(query: bytes, body: bytes) -> tuple[str, str, bytes | None]:
    if query:
        insert = _INSERT.fullmatch(query)
        if insert:
            return insert.group(1).decode(), insert.group(2).decode(), body
    else:
        insert = _INSERT.match(body[:_HEAD_BYTES])
        if insert:
            return insert.group(1).decode(), insert.group(2).decode(), body[insert.end() :]
    text = query + b"\n" + body if query and body else query or body
    form = _FORMAT.search(text[-200:])
    return text.decode(), form.group(1).decode() if form else "", None


def _is_setting(key: str) -> bool:
    return key not in _NOT_SETTINGS and not key.startswith("param_")
