"""Two hosts on one machine: network namespaces, a link between them, and counters on it.

::

    with two_hosts(tmp_path) as (control, data):
        data.run("bash", "-c", "curl http://control.example:8000")
        assert data.opened_by_peer() == 0

Each host has a loopback of its own, one address on the link, and finds the other by name. Nothing
leads out of the two. It needs Linux, root, and ``ip``, ``nft`` and ``ss``; where one of them is
missing the tests are left out, and the end of the run says so in red (``tests/conftest.py``).
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LINK = "link0"
CONTROL, DATA = "control.example", "data.example"
_ADDRESS = {CONTROL: "192.0.2.1", DATA: "192.0.2.2"}
_NAMED = Path("/etc/netns")
"""``ip netns exec`` lays what is in ``/etc/netns/<name>`` over ``/etc``."""
_TOOLS = {"ip": "iproute2", "ss": "iproute2", "nft": "nftables"}
_SECONDS = 30.0

_COUNTERS = """table inet direction {{
  counter peer_opens {{ }}
  counter peer_sends {{ }}
  counter host_opens {{ }}
  counter host_talks {{ }}
  chain arriving {{
    type filter hook input priority 0;
    iifname "{link}" counter name peer_sends
    iifname "{link}" tcp flags & (syn | ack) == syn counter name peer_opens
    iifname "{link}" ip protocol != {{ tcp, icmp }} counter name peer_opens
  }}
  chain leaving {{
    type filter hook output priority 0;
    oifname "{link}" tcp flags & (syn | ack) == syn counter name host_opens
    oifname "{link}" ip protocol != {{ tcp, icmp }} counter name host_talks
  }}
}}
"""


class NotPossibleError(AssertionError):
    """This machine cannot hold two hosts; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Host:
    """One of the two. ``folder`` is the home of whoever sits at it."""

    name: str
    namespace: str
    address: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *words]

    def run(
        self, *words: str, check: bool = True, timeout: float = _SECONDS, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command on this host, in its folder."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env={**os.environ, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{self.name}: {words}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a program on this host; the caller ends it."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
        )

    def counters(self) -> Mapping[str, int]:
        """Packets so far, by the name of the counter."""
        told = self.run("nft", "--json", "list", "counters", "table", "inet", "direction").stdout
        items = [item["counter"] for item in json.loads(told)["nftables"] if "counter" in item]
        return {item["name"]: item["packets"] for item in items}

    def opened_by_peer(self) -> int:
        """Connections that the other host tried to open to this one; of UDP each packet counts."""
        return self.counters()["peer_opens"]

    def opened(self) -> int:
        """TCP connections that this host tried to open to the other."""
        return self.counters()["host_opens"]

    def listening(self) -> set[tuple[str, int]]:
        """Address and port of each TCP socket that accepts connections."""
        lines = self.run("ss", "-ltnH").stdout.splitlines()
        pairs = [line.split()[3].rpartition(":") for line in lines]
        return {(host.strip("[]").partition("%")[0], int(port)) for host, _, port in pairs}

    def reachable_sockets(self) -> set[int]:
        """Ports that the other host could reach: bound to the link's address or to all."""
        return {
            port
            for host, port in self.listening()
            if not host.removeprefix("::ffff:").startswith("127.") and host != "::1"
        }


def require_two_hosts() -> None:
    """Raise ``NotPossibleError`` unless this machine can hold two hosts."""
    lacks = []
    if not sys.platform.startswith("linux"):
        lacks.append("Linux, which has network namespaces")
    if os.geteuid() != 0:
        lacks.append("root, who may make network namespaces: run it as root, or in a container")
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = {package for tool, package in _TOOLS.items() if shutil.which(tool, path=path) is None}
    if missing:
        lacks.append(f"the packages {', '.join(sorted(missing))}")
    if (
        not lacks
        and subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode
    ):
        lacks.append("the capability CAP_SYS_ADMIN, which this container does not give")
    if lacks:
        raise NotPossibleError(f"two hosts on one machine need {'; and '.join(lacks)}")


@contextlib.contextmanager
def two_hosts(folder: Path) -> Iterator[tuple[Host, Host]]:
    """The control plane's host and the data plane's, gone with all their sockets at the end."""
    require_two_hosts()
    with contextlib.ExitStack() as stack:
        hosts = {name: _host(name, folder, stack) for name in _ADDRESS}
        _join(hosts[CONTROL], hosts[DATA])
        for host in hosts.values():
            _count(host)
        yield hosts[CONTROL], hosts[DATA]


def _host(name: str, folder: Path, stack: contextlib.ExitStack) -> Host:
    namespace = f"hh-{name.partition('.')[0]}-{os.getpid()}"
    home = folder / name.partition(".")[0]
    home.mkdir(parents=True)
    _ip("netns", "add", namespace)
    stack.callback(_ip, "netns", "delete", namespace)
    over = _NAMED / namespace
    over.mkdir(parents=True)
    stack.callback(shutil.rmtree, over)
    lines = [f"{address} {each}" for each, address in _ADDRESS.items()]
    (over / "hosts").write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
    (over / "resolv.conf").write_text("")
    path = f"{Path(sys.executable).parent}:{os.defpath}:/usr/sbin:/sbin"
    host = Host(name, namespace, _ADDRESS[name], home, {"PATH": path})
    host.run("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1")
    host.run("ip", "link", "set", "lo", "up")
    return host


def _join(one: Host, other: Host) -> None:
    ends = [(one, f"hhc{os.getpid()}"), (other, f"hhd{os.getpid()}")]
    _ip("link", "add", ends[0][1], "type", "veth", "peer", "name", ends[1][1])
    for host, end in ends:
        _ip("link", "set", end, "netns", host.namespace)
        host.run("ip", "link", "set", end, "name", LINK)
        host.run("ip", "address", "add", f"{host.address}/24", "dev", LINK)
        host.run("ip", "link", "set", LINK, "up")


def _count(host: Host) -> None:
    rules = host.folder / ".direction.nft"
    rules.write_text(_COUNTERS.format(link=LINK))
    host.run("nft", "--file", str(rules))


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
