"""The allow-list: what may cross from a data plane to the control plane (DESIGN 5).

Names that a client chose cross as they are only if they look like a name; everything else crosses
as a keyed hash, which groups but tells nothing. The data plane's own index keeps names raw.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

EVENT_TYPES = frozenset({"session", "model", "tool", "chain"})
STATUSES = frozenset({"unset", "ok", "error"})

USAGE_KINDS = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "reasoning_tokens",
        "cache_read_audio_tokens",
        "prompt_audio_tokens",
        "completion_audio_tokens",
        "prompt_image_tokens",
        "completion_image_tokens",
        "tool_tokens",
        "accepted_prediction_tokens",
        "rejected_prediction_tokens",
        "search_units",
        "web_search_requests",
        "prompt_characters",
        "audio_seconds",
        "images",
    }
)
"""The kinds that the index counts; events show each as ``metadata.<kind>``. What each means stands
in ``hh_core.domain.tokens``: the details are parts of prompt or completion, never to be added to
them. The last five are no tokens: what some providers charge for instead."""

MAX_COUNT = (1 << 32) - 1
"""Tokens of one call. More is a mistake, and no 64 bits overflow with the sum of a session's."""

MAX_COST = 10**12
"""Dollars of one event. More is a mistake, and sums of such would overflow."""

MAX_TIME_NS = (1 << 62) - 1
"""The latest start (in 2116) and the longest duration: their sum fits 63 bits."""

MAX_RECEIVED_MS = 4 * 10**12
"""In 2096. The index counts a row's age in seconds of 32 bits."""

MAX_PROMOTED = 32
"""Attributes of one event that cross."""

_CONTENT = frozenset({"inputs", "outputs", "feedback", "error"})
"""Parts of an event that nobody promotes."""

_NAME = re.compile(r"[\w.:/@ -]{1,64}", re.ASCII)
_HASH_HEX = 32


def is_safe_name(text: str) -> bool:
    """Whether ``text`` may cross as it is: 1 to 64 of ASCII letters, digits and ``_.:/@ -``."""
    return _NAME.fullmatch(text) is not None


def safe_name(key: bytes, text: str) -> str:
    """``text`` as it may cross: itself if it looks like a name, else ``h:`` and a keyed hash.

    Empty stays empty. The hash is HMAC-SHA256 with the data plane's key, cut to 128 bits: equal
    names stay equal, and nobody without the key can try out what they might be.
    """
    return text if is_safe_name(text) else hashed_name(key, text)


@dataclass(frozen=True, slots=True)
class Crossing:
    """What one project lets cross besides the allow-list, and what less than it."""

    promoted: tuple[str, ...] = ()
    """Attribute keys. Their values cross as names do: by the pattern, or as a keyed hash."""
    is_strict: bool = False
    """Names cross as keyed hashes, whatever they look like."""


@dataclass(frozen=True, slots=True)
class Crossings:
    """What each project of a data plane lets cross."""

    projects: Mapping[bytes, Crossing] = field(default_factory=dict)
    """Those that differ from the allow-list, by id."""
    is_strict: bool = False
    """In all projects, also those that nobody has told of."""


def crossing(wanted: Iterable[str], promotable: Iterable[str], *, is_strict: bool) -> Crossing:
    """What the control plane asks for, as far as the data plane's operator allows it.

    ``promotable`` are his own words: keys, or ``prefix.*``. Without them nothing is promoted,
    so a hostile control plane cannot ask for what it should not see.
    """
    allowed = list(promotable)
    keys = [key for key in wanted if is_safe_name(key) and _may_be_promoted(key, allowed)]
    return Crossing(tuple(sorted(set(keys))[:MAX_PROMOTED]), is_strict)


def _may_be_promoted(key: str, allowed: Iterable[str]) -> bool:
    if key.partition(".")[0] in _CONTENT:
        return False
    return any(
        key == rule or (rule.endswith(".*") and key.startswith(rule[:-1])) for rule in allowed
    )


def hashed_name(key: bytes, text: str) -> str:
    """``text`` as it crosses in strict mode: ``h:`` and a keyed hash. Empty stays empty."""
    if not text:
        return text
    digest = hmac.new(key, b"name\0" + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return "h:" + digest.hexdigest()[:_HASH_HEX]
