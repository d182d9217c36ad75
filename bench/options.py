"""What the commands of this folder have in common on their command lines."""

import argparse
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
