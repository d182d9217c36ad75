"""Addresses to listen on, and who holds one that is taken."""

import errno
import os
import socket
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psutil

from hh_core.errors import ConfigError

BACKLOG = 1024

SOCKETS = Path("/tmp")
"""Above our folders of Unix sockets. Not ``$TMPDIR``: a socket's path is 103 bytes at most."""

_NAMES = 100


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP host and port, or the path of a Unix socket (then host and port mean nothing)."""

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """``host:port``, ``[v6]:port`` or ``unix:/path``. Raises ``ValueError`` for anything else."""
    if text.startswith("unix:"):
        return Address(path=Path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError('write "host:port" or "unix:/path"')
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def is_loopback(target: str) -> bool:
    """Whether ``host:port`` is of this machine only."""
    host = target.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class PortTakenError(ConfigError):
    """Somebody else listens where we should. The message names them."""


def bind(address: Address) -> socket.socket:
    """A listening, non-blocking socket. Raises ``PortTakenError`` that names the holder.

    A Unix socket that nobody answers on is replaced; it is readable by its owner only.
    """
    return _bind_unix(address.path) if address.path else _bind_tcp(address)


def require_free(address: Address) -> None:
    """For servers that bind by themselves (gRPC, engines): raise ``PortTakenError`` if they
    could not."""
    bind(address).close()


def _bind_tcp(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(address, error) from error
    listener.setblocking(False)
    return listener


def _bind_unix(path: Path) -> socket.socket:
    private_folder(path.parent)
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on unix:{path}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


def private_folder(path: Path) -> Path:
    """Create ``path`` with mode 0700. Raises ``ConfigError`` for one that belongs to somebody else,
    or that others may look or write into. It is never changed: it may be ``/tmp``."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = path.lstat()
    if not stat.S_ISDIR(owner.st_mode) or owner.st_uid != os.getuid():
        raise ConfigError(f"{path} must be a folder of the user that runs this process")
    if owner.st_mode & 0o077:
        raise ConfigError(f"{path} is open to other users; close it by chmod 700 {path}")
    return path


def free_folder(path: Path) -> Path:
    """``path``, or the first of ``path-1``, ``path-2``, … that nobody else has taken.

    Anybody may create a folder of a predictable name in ``/tmp`` before we do.
    """
    for number in range(_NAMES):
        candidate = path.with_name(f"{path.name}-{number}") if number else path
        try:
            owner = candidate.lstat()
        except FileNotFoundError:
            return candidate
        if stat.S_ISDIR(owner.st_mode) and owner.st_uid == os.getuid():
            return candidate
    raise ConfigError(f"others hold {path} and {_NAMES - 1} more names; remove one of them")


def _remove_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise PortTakenError(f"another process already listens on unix:{path}")


def _refused(address: Address, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(f"port {address.port} is taken by {holder(address.port)}")
    return ConfigError(f"cannot listen on {address}: {error.strerror or error}")


def holder(port: int) -> str:
    """Who listens on a TCP port of this machine, for people."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f"{_command(connection.pid)} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "a process that this user may not see"


def _command(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        name = process.name()
    except psutil.Error:
        return "a process"
    shown = " ".join(words[:3])
    return f"{name} ({shown[:60]})" if shown and shown != name else name
