"""Texts that stand in a record otherwise than readers see them."""

import re

_ESCAPED = re.compile(
    rb"\\u00(?:2[01389c-e]|3[0-9abf]|[46][1-9a-f]|5[0-9af]|7[0-9a])", re.IGNORECASE
)
"""A character that JSON encoders leave as it is, escaped all the same."""


def may_hide_text(plain: bytes) -> bool:
    """Whether a phrase may stand in these bytes that a search for its own bytes does not find."""
    return b"\\u00" in plain and _ESCAPED.search(plain) is not None
