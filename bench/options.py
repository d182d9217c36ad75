"""What the commands of this folder have in common on their command lines."""

import argparse
import shlex
import sys
from pathlib import Path


class Options(argparse.ArgumentParser):
    """A parser whose help begins with the module's docstring, and with the options of all."""

    def __init__(self, description: str | None, *, runs: int = 3) -> None:
        super().__init__(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        self.add_argument("--runs", type=int, default=runs, help="medians are of so many")
        self.add_argument("--port-base", type=int, default=18470, help="first of ten ports")
        self.add_argument("--json", type=Path, help="write the figures there too")
        self.add_argument("--keep", action="store_true", help="write docs/performance.md too")


def typed() -> str:
    """The command that was given, but for what changes no figure."""
    script, *words = sys.argv
    kept: list[str] = []
    is_value = False
    for word in words:
        name = word.partition("=")[0]
        if not is_value and name not in _ASIDE:
            kept.append(word)
        is_value = not is_value and name in _WITH_VALUE and "=" not in word
    return shlex.join(["python", f"bench/{Path(script).name}", *kept])


_WITH_VALUE = frozenset({"--port-base", "--json", "--cache", "--data-dir"})
_ASIDE = _WITH_VALUE | {"--keep"}
