"""The allow-list: what may cross from a data plane to the control plane (DESIGN 5).

Names that a client chose cross as they are only if they look like a name; everything else crosses
as a keyed hash, which groups but tells nothing. The data plane's own index keeps names raw.
"""

import hashlib
import hmac
import re

EVENT_TYPES = frozenset({"session", "model", "tool", "chain"})
STATUSES = frozenset({"unset", "ok", "error"})

USAGE_KINDS = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
        "prompt_audio_tokens",
        "completion_audio_tokens",
        "prompt_image_tokens",
        "completion_image_tokens",
        "tool_tokens",
        "accepted_prediction_tokens",
        "rejected_prediction_tokens",
    }
)
"""The token kinds that the index counts; events show each as ``metadata.<kind>``. The details are
parts of prompt or completion, never to be added to them."""

MAX_COUNT = (1 << 32) - 1
"""Tokens of one call. More is a mistake, and no 64 bits overflow with the sum of a session's."""

MAX_COST = 10**12
"""Dollars of one event. More is a mistake, and sums of such would overflow."""

MAX_TIME_NS = (1 << 62) - 1
"""The latest start (in 2116) and the longest duration: their sum fits 63 bits."""

MAX_RECEIVED_MS = 4 * 10**12
"""In 2096. The index counts a row's age in seconds of 32 bits."""

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
    if not text or is_safe_name(text):
        return text
    digest = hmac.new(key, b"name\0" + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return "h:" + digest.hexdigest()[:_HASH_HEX]
