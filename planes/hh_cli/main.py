"""The ``hh`` command. Commands import what they need when they run, so that ``hh`` starts fast."""

import os
import sys

import typer

from hh_cli.commands import admin, dlq, doctor, planes, platform, reading, rebuild, reprice
from hh_cli.errors import reported
from hh_core.errors import HHError

app = typer.Typer(
    name="hh",
    help="Observe and evaluate LLM applications: run the platform, and look into it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (platform, reading, planes, dlq, rebuild, reprice, doctor, admin):
    commands.register(app)


def main() -> None:
    """Run one command; errors raised on purpose become one clear message and an exit status."""
    try:
        app()
    except HHError as error:
        sys.exit(reported(error))
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
