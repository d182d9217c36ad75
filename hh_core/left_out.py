"""Packages that libraries import only because they are installed, and never need for us."""

import sys
from collections.abc import Collection
from importlib.abc import MetaPathFinder


class _LeftOut(MetaPathFinder):
    """Not a None in ``sys.modules``: compiled modules such as Arrow's take that for the module."""

    def __init__(self, names: Collection[str], importers: Collection[str]) -> None:
        self._names = frozenset(names)
        self._importers = frozenset(importers)

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in self._names and _importer() in self._importers:
            raise ModuleNotFoundError(f"{fullname} is left out of this process", name=fullname)


def leave_out(names: Collection[str], importers: Collection[str]) -> None:
    """Make the import of these modules fail, in these packages, as if they were not installed.

    Others, an adapter or a plugin that needs one of them, import it as ever.
    """
    sys.meta_path.insert(0, _LeftOut(names, importers))


def _importer() -> str:
    """The package whose Python code is importing; compiled code counts as who called it."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
