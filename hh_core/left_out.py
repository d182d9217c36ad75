"""Packages that others import only because they are installed, and that a process never uses."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder


class _LeftOut(MetaPathFinder):
    """Not a None in ``sys.modules``: compiled modules such as Arrow's take that for the module."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out of this process", name=fullname)


def leave_out(names: Sequence[str]) -> None:
    """Make ``import`` of these modules fail as if they were not installed."""
    sys.meta_path.insert(0, _LeftOut(names))
