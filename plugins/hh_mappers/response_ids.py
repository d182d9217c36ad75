"""The provider's id of a response, from the JSON text of the whole response, without parsing it.

Several spans may tell of one call of a model; the id is how they are known (``call_key``).
"""

import re
from typing import Any

_FAR = 1 << 16
"""Characters that are looked through."""
_NEAR = 4_096
_FIRST = re.compile(r'\s{0,9}\{\s{0,9}"id"\s{0,9}:\s{0,9}"([^"\\\s]{4,128})"')
"""As OpenAI, Anthropic, Mistral, … begin their answers."""
_GEMINI = re.compile(r'"response_?[iI]d"\s{0,9}:\s{0,9}"([^"\\\s]{4,128})"')
_LANGCHAIN = re.compile(r'"id"\s{0,9}:\s{0,9}"((?:chatcmpl|resp|msg|cmpl|gen)[-_][^"\\\s]{1,120})"')
"""In the metadata of a LangChain message: its own id is that of its run."""


def response_id(value: Any) -> str | None:
    """The id, or None where the text tells none."""
    if type(value) is not str or not value.startswith("{"):
        return None
    found = _FIRST.match(value)
    if found is None and (at := value.find('"response_', 0, _FAR)) >= 0:
        found = _GEMINI.match(value, at)
        if found is None and value.startswith('"response_metadata"', at):
            found = _LANGCHAIN.search(value, at, at + _NEAR)
    return found[1] if found is not None else None
