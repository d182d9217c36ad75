"""Listing in the order of keys on a store that keeps them as files in folders.

Such a store puts ``a/b`` before ``a-b``, and a page that starts after a key leaves out what it
thinks came earlier. Asked for one folder at a time it answers all of it, and we put it in order.
The objects ``a`` and ``a/b`` can both be there, because a file's name ends in a sign that no key
has.
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol

FILE = "~"

Found = tuple[str, int]
"""A key and its size in bytes."""


class Pages(Protocol):
    def __call__(self, **options: Any) -> AsyncIterator[dict[str, Any]]:
        """The pages of ``list_objects_v2``."""
        ...


async def walked(pages: Pages, prefix: str, after: str) -> AsyncIterator[Found]:
    """Objects whose key starts with ``prefix`` and is greater than ``after``, in key order."""
    for name, size in await _level(pages, prefix):
        if size is not None:
            if name > after:
                yield name, size
        elif name >= after[: len(name)]:  # else all below it comes before ``after``
            async for found in walked(pages, name, after):
                yield found


async def _level(pages: Pages, prefix: str) -> list[tuple[str, int | None]]:
    """What starts with ``prefix`` up to the next slash; folders have no size."""
    entries: list[tuple[str, int | None]] = []
    async for page in pages(Prefix=prefix, Delimiter="/"):
        for one in page.get("Contents", []):
            if one["Key"].endswith(FILE):  # others mark a folder, or are not ours
                entries.append((one["Key"].removesuffix(FILE), one["Size"]))
        entries += [(one["Prefix"], None) for one in page.get("CommonPrefixes", [])]
    return sorted(entries, key=lambda entry: entry[0])
