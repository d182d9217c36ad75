"""Python's ``repr`` of arguments and objects, which some frameworks send in place of JSON.

``ChatMessage(role=<Role.USER: 'user'>, text='Hi')`` is read as an object of its arguments, an
address or a member of an enumeration as its text. Nothing is evaluated.
"""

import ast
import re
from typing import Any

from hh_core.domain.event import Json
from hh_core.domain.paths import MAX_DEPTH, json_value
from hh_mappers.reading import structured

LONGEST = 1 << 18
"""Characters that are parsed; longer ones stay text."""

_OPENING = ("[", "{", "(")
CLASS = "__class__"
"""Member of an object that ``repr`` wrote as a call: the name of its class."""

_TOKENS = re.compile(
    r"""'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|<[^<>]*(?:<[^<>]*>[^<>]*)*>|[({\[]""", re.DOTALL
)
"""Texts, which stay as they are, what stands in angle brackets outside of them, and brackets.

A text without an end is taken too: looking for it from each quote within would be quadratic."""
_MEMBER = re.compile(r"<[\w.]+: (?:'([^']*)'|\"([^\"]*)\"|(-?\d+))>")
_OF_A_CLASS = (ast.Call, ast.Name, ast.Attribute)
_SIGNS = {ast.USub: -1, ast.UAdd: 1}


def literal(value: Any, *, objects: bool = True) -> Json:
    """The list or object that a text writes as Python does; None for anything else. Without
    ``objects`` also for a text in which one of a class stands."""
    if type(value) is not str or not 1 < len(value) <= LONGEST or value[-1] not in ")]}":
        return None
    brackets = 0

    def readable(found: re.Match[str]) -> str:
        nonlocal brackets
        token = found[0]
        brackets += token in "({["
        return _quoted(token) if objects and token[0] == "<" else token

    text = _TOKENS.sub(readable, value)
    if brackets > 50 * MAX_DEPTH:
        return None
    try:
        parsed = ast.parse(text, mode="eval")
        if not objects and any(isinstance(node, _OF_A_CLASS) for node in ast.walk(parsed)):
            return None
        found = _value(parsed.body, MAX_DEPTH)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def structure(value: Any) -> Json:
    """A list or an object: as it stands, or as a text writes it in JSON or in Python's literals;
    None for anything else, also where an object of a class stands among them."""
    found = structured(value)
    if found is not None or type(value) is not str:
        return found
    text = value.strip()
    return literal(text, objects=False) if text.startswith(_OPENING) else None


def unpacked_literal(value: Any) -> Json:
    """The list or object that a text holds as JSON or as Python writes it, else what it is."""
    found = structured(value)
    if found is None:
        found = literal(value)
    return json_value(value) if found is None else found


def _quoted(token: str) -> str:
    member = _MEMBER.fullmatch(token)
    return repr(next(part for part in (*member.groups(), token) if part) if member else token)


def _value(node: ast.expr, levels: int) -> Json:
    if levels < 0:
        raise ValueError("nested too deep")
    below = levels - 1
    match node:
        case ast.Constant():
            return _constant(node.value)
        case ast.List() | ast.Tuple() | ast.Set():
            return [_value(item, below) for item in node.elts]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {_key(key, below): _value(item, below) for key, item in pairs}
        case ast.Call(func=ast.Name() | ast.Attribute() as name):
            return _object(ast.unparse(name), node, below)
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as number)):
            return _constant(number * _SIGNS.get(type(node.op), 1))
        case ast.Name() | ast.Attribute():
            return ast.unparse(node)
    raise ValueError("neither a literal nor the repr of an object")


def _constant(value: Any) -> Json:
    """As JSON can hold it: huge numbers as text, halves of characters as question marks."""
    if type(value) is str:
        return value.encode("utf-8", "replace").decode()
    if type(value) is int and abs(value) >= 1 << 63:
        return str(value)
    if value is None or isinstance(value, int | float | bytes):
        return json_value(value)
    return str(value)  # a complex number, or an ellipsis


def _key(node: ast.expr | None, levels: int) -> str:
    if node is None:
        raise ValueError("not a literal")
    return str(_value(node, levels))


def _object(name: str, node: ast.Call, levels: int) -> Json:
    members = {k.arg: _value(k.value, levels) for k in node.keywords if k.arg is not None}
    given = [_value(item, levels) for item in node.args]
    if not members:
        return given[0] if len(given) == 1 else given
    return {CLASS: name, **({"args": given} if given else {}), **members}
