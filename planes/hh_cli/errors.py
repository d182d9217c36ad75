"""How the command says that something went wrong."""

import os

from hh_cli.screen import err, visible
from hh_core.errors import ConfigError, HHError, UnavailableError


class NotRunningError(HHError):
    """No platform runs in the folder that the command was given."""


def reported(error: HHError) -> int:
    """Print ``error`` for people; the exit status that tools may rely on (DESIGN 6)."""
    for line in str(error).splitlines():
        err.print("hh:", visible(line), markup=False, soft_wrap=True)
    if isinstance(error, ConfigError):
        return os.EX_CONFIG
    if isinstance(error, UnavailableError):
        return os.EX_TEMPFAIL
    return 1
