"""Where a browser finds a plane: an origin, that is a scheme, a host and a port and nothing else.

An origin ends up in a content policy of pages, so it is taken only in one form: small letters, as
browsers write it (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin), and with a host
that a policy can name, which is a DNS name or an IPv4 address but no IPv6 address
(https://www.w3.org/TR/CSP3/#grammardef-host-source).
"""

import re

MAX_ORIGIN = 253
"""Characters; also of a DNS name."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL})*(?::([1-9][0-9]{{0,4}}))?", re.ASCII)


def is_origin(text: str) -> bool:
    """Whether ``text`` is an origin of the web in its one form."""
    found = _ORIGIN.fullmatch(text) if len(text) <= MAX_ORIGIN else None
    return found is not None and int(found[1] or 0) <= 65535
