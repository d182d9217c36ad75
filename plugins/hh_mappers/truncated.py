"""Messages whose JSON text was cut short, as exporters do at a limit of an attribute's length.

What stands before the cut is read: open texts, lists and objects are closed where it is.
"""

import re

from hh_core.domain.event import Json
from hh_core.domain.paths import MAX_DEPTH
from hh_mappers.reading import parsed

LONGEST = 1 << 17
"""Characters that are mended; longer ones stay text."""
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_CUT = re.compile(r'\s*+,?+\s*+(?:"[^"]*+"?+\s*+:?+)?+\s*+[\w.+-]*+')
"""What may stand after the last whole value: a member of which the end is missing. It never goes
back: hostile texts are read in linear time."""
_CLOSING = {"{": "}", "[": "]"}
_HALF = 12
"""Characters of an escape that is cut in two: both halves of a surrogate pair."""
_OF_MESSAGES = frozenset({"role", "parts"})


def cut_messages(value: str) -> Json:
    """The messages of which ``value`` is the beginning; None if it is not that of any."""
    if value[:1] not in _CLOSING or len(value) > LONGEST:
        return None
    found = _closed(value)
    first = found[0] if isinstance(found, list) and found else found
    return found if isinstance(first, dict) and not _OF_MESSAGES.isdisjoint(first) else None


def _closed(value: str) -> Json:
    """The value of a text that lacks its end; None if more than that is wrong."""
    closers, is_key = [""], False
    kept = "", 0
    for token in _TOKENS.finditer(value):
        text = token[0]
        if text in _CLOSING:
            closers.append(_CLOSING[text])
            if len(closers) > MAX_DEPTH:
                return None
            is_key = text == "{"
            kept = "".join(reversed(closers)), token.end()
        elif text in ("}", "]"):
            if closers.pop() != text:
                return None
            is_key = False
            kept = "".join(reversed(closers)), token.end()
        elif text == ",":
            kept = "".join(reversed(closers)), token.start()
            is_key = closers[-1] == "}"
        elif text == ":":
            is_key = False
        elif text[0] == '"' and not is_key:
            if len(text) == 1 or text[-1] != '"' or _is_escaped(text):
                return _ended(value, "".join(reversed(closers)))
            kept = "".join(reversed(closers)), token.end()
    is_cut = _CUT.fullmatch(value, kept[1]) is not None
    return parsed(value[: kept[1]] + kept[0]) if is_cut else None


def _is_escaped(text: str) -> bool:
    """Whether the quote at the end belongs to the text."""
    inner = text[1:-1]
    return (len(inner) - len(inner.rstrip("\\"))) % 2 == 1


def _ended(value: str, closers: str) -> Json:
    """A value that is cut within a text: without the half of an escape that may end it."""
    for cut in range(_HALF):
        found = parsed(value[: len(value) - cut] + '"' + closers)
        if found is not None:
            return found
    return None
