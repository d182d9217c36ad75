"""``python -m hh_data FILE [--set table.key=value]``: one process of a data plane."""

import argparse
import sys
from pathlib import Path

from hh_data.plane import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="hh_data", description="Run a data plane.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="table.key=value")
    arguments = parser.parse_args()
    sys.exit(main(arguments.file, overrides=arguments.set))
