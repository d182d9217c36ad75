"""``hh up``, ``down``, ``status``, ``logs``: the embedded platform of one folder."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir, Json

_DEFAULT = Path(DEFAULT_DATA_DIR)
Plane = Literal["both", "control", "data"]


def register(app: typer.Typer) -> None:
    for command in (up, down, status, logs):
        app.command()(command)


def up(
    data_dir: DataDir = _DEFAULT,
    port_base: Annotated[
        int | None,
        typer.Option(metavar="N", help="First of ten ports; 8470, or what the folder had before."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready.")] = False,
    dispatchers: Annotated[int, typer.Option(min=1, max=16, help="Dispatch processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Send demo traffic once ready.")] = False,
    plane: Annotated[
        Plane | None, typer.Option(help="One plane alone, for a host of its own.")
    ] = None,
    join: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For a data plane: what `hh admin data-plane add` said."),
    ] = None,
    public: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Serve other hosts on this host name or address, too."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For --public: PEM, with its chain.")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For --public: PEM of its private key.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where people open the web application, if not here."),
    ] = None,
) -> None:
    """Start both planes and their engines, or one of them, and keep them running.

    What --plane, --join, --public, --origin and the certificate say is kept for the next start.
    """
    from hh_cli.embedded import start
    from hh_cli.embedded.host import settle
    from hh_cli.embedded.show import Progress, print_summary
    from hh_cli.embedded.state import read_state

    layout = Layout.of(data_dir)
    with Progress("stopping") as progress:
        start.wait_until_stopped(layout, progress.show)
    known = read_state(layout)
    running = known is not None and known.running
    guardian = None
    asked = {
        "plane": plane,
        "public": public,
        "certificate": _absolute(certificate),
        "certificate_key": _absolute(certificate_key),
        "origin": origin,
    }
    if not running:
        settle(layout, asked, join)
        guardian = start.launch(layout, port_base=port_base, dispatchers=dispatchers, detach=detach)
    try:
        with Progress("starting") as progress:
            found = start.wait_until_ready(layout, guardian, progress.show)
    except KeyboardInterrupt:
        if guardian is not None:
            guardian.terminate()
            guardian.wait()
        raise typer.Exit(130) from None
    print_summary(layout, found, already=running, detached=detach or running)
    if demo:
        _show_demo(layout)
    if guardian is not None and not detach:
        _stay(layout, guardian.pid)


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _show_demo(layout: Layout) -> None:
    """A demo that fails is told about; the platform goes on."""
    from hh_cli.demo.command import run_demo
    from hh_cli.errors import reported
    from hh_core.errors import HHError

    try:
        run_demo(layout)
    except HHError as error:
        reported(error)


def _stay(layout: Layout, guardian: int) -> None:
    """Until Ctrl-C or SIGTERM, then stop everything."""
    import signal

    from hh_cli.embedded import start
    from hh_cli.embedded.show import Progress
    from hh_cli.screen import err

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    try:
        _, status = os.waitpid(guardian, 0)
    except KeyboardInterrupt:
        with Progress("stopping") as progress:
            start.stop(layout, progress.show)
        return
    err.print(f"the platform stopped (status {os.waitstatus_to_exitcode(status)})")
    raise typer.Exit(1)


def down(
    data_dir: DataDir = _DEFAULT,
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete all data too; asks at a terminal.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
) -> None:
    """Stop the platform; with --purge also delete everything it stored."""
    from hh_cli.embedded import start
    from hh_cli.embedded.show import Progress
    from hh_cli.options import shown_dir
    from hh_cli.screen import out

    layout = Layout.of(data_dir)
    if purge and not yes and sys.stdin.isatty():
        typer.confirm(f"Delete all data in {layout.base}?", abort=True)
    with Progress("stopping") as progress:
        stopped = start.stop(layout, progress.show)
    out.print("stopped" if stopped else f"no platform was running in {shown_dir(layout)}")
    if purge and _is_ours(layout):
        shutil.rmtree(layout.base)
        shutil.rmtree(layout.runtime, ignore_errors=True)
        out.print(f"deleted {layout.base}", soft_wrap=True)


def _is_ours(layout: Layout) -> bool:
    """Only a folder that ``hh up`` made is ever deleted."""
    return any(file.exists() for file in (layout.credentials, layout.state, layout.host))


def status(data_dir: DataDir = _DEFAULT, as_json: Json = False) -> None:
    """Show every process of the platform: pid, uptime, memory, readiness."""
    from hh_cli.embedded.show import print_status

    print_status(Layout.of(data_dir), as_json=as_json)


def logs(
    process: Annotated[str, typer.Argument(help="Such as data.ingest; all by default.")] = "",
    data_dir: DataDir = _DEFAULT,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Of each process.")] = 20,
) -> None:
    """Print the logs of one process, or of all."""
    from hh_cli.embedded.logs import follow as follow_logs
    from hh_cli.embedded.logs import tail
    from hh_cli.embedded.show import log_files, print_log_line

    files = log_files(Layout.of(data_dir), process)
    for name, file in files.items():
        for line in tail(file, lines=lines).splitlines() if lines else ():
            print_log_line(name, line, wide=len(files) > 1)
    if follow:
        try:
            for name, line in follow_logs(files):
                print_log_line(name, line, wide=len(files) > 1)
        except KeyboardInterrupt:
            return
