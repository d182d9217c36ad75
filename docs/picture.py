"""Write ``docs/images/trace.svg``: what ``hh trace`` prints of a session of the running platform.

``HH_DATA_DIR=DIR python docs/picture.py [SESSION]``
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 92


def main() -> None:
    command = [str(Path(sys.executable).with_name("hh")), "trace", *sys.argv[1:]]
    environment = os.environ | {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        console.print("[bold]$[/] hh trace")
        console.print(Text.from_ansi(shown.stdout.rstrip()))
    target = Path(__file__).parent / "images" / "trace.svg"
    drawn = console.export_svg(title="hh trace", unique_id="trace")
    local = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)  # no remote fonts
    target.write_text(local)


if __name__ == "__main__":
    main()
