"""Values of a query, kept apart from its text: the server binds them."""

from base64 import b64encode
from collections.abc import Collection, Sequence

from hh_core.errors import RejectedError

_IDS_AT_ONCE = 2_500
"""Of 32 bytes in base64 they stay below ClickHouse's limit for one form field, 128 KiB."""
_SHORT_IDS = 6_000
"""Of 16 bytes in base64, or of 20 digits."""


class Parameters:
    """Collects values; ``text`` and the others return the placeholder that stands for one."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def add(self, value: object, type_: str) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type_}}}"

    def fixed(self, value: bytes) -> str:
        """An id, as a constant that the primary key is searched with."""
        return f"toFixedString(unhex({self.add(value.hex(), 'String')}), {len(value)})"

    def fixed_in(self, expression: str, values: Collection[bytes], width: int) -> str:
        """``expression IN values``, for ids of ``width`` bytes."""
        if any(len(value) != width for value in values):
            raise RejectedError(f"an id here has {width} bytes", code=422)
        ordered = list(values)
        parts = [
            f"{expression} IN {self.ids(ordered[at : at + _IDS_AT_ONCE], width)}"
            for at in range(0, len(ordered), _IDS_AT_ONCE)
        ]
        return f"({' OR '.join(parts)})" if parts else "0"

    def number_in(self, expression: str, values: Sequence[int]) -> str:
        """``expression IN values``, for numbers of 64 bits."""
        parts = [values[at : at + _SHORT_IDS] for at in range(0, len(values), _SHORT_IDS)]
        texts = [_Plain(f"[{','.join(map(str, part))}]") for part in parts]
        found = [f"{expression} IN {self.add(text, 'Array(UInt64)')}" for text in texts]
        return f"({' OR '.join(found)})" if found else "0"

    def ids(self, values: Sequence[bytes], width: int) -> str:
        """An array of fixed strings of ``width`` bytes: a constant, as what stands behind IN costs
        less than a subquery."""
        packed = self.add(_Plain(b64encode(b"".join(values)).decode()), "String")
        return f"reinterpret(base64Decode({packed}), 'Array(FixedString({width}))')"

    def table(self, values: Sequence[bytes], width: int) -> str:
        """A subquery: one row for each value, as a fixed string of ``width`` bytes."""
        return f"SELECT arrayJoin({self.ids(values, width)})"


class _Plain:
    """Text with nothing to escape. In a ``str`` the driver would look at each character, which
    costs it more than all else."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def chunks(values: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut ids of 16 bytes into what one parameter can hold."""
    return [values[at : at + _SHORT_IDS] for at in range(0, len(values), _SHORT_IDS)]
