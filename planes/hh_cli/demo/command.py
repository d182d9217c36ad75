"""``hh demo``: run the agent once under each instrumentor, and show what became of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from hh_cli.client import Client
from hh_cli.demo.model_server import model_server
from hh_cli.embedded.layout import Layout
from hh_cli.embedded.show import print_door
from hh_cli.embedded.start import Endpoints, endpoints
from hh_cli.screen import err, out
from hh_cli.trace import latest_sessions, print_session
from hh_core.errors import HHError, UnavailableError

INSTRUMENTORS = ("openinference", "openllmetry")
RUN_SECONDS = 120.0
READABLE_SECONDS = 20.0


class DemoFailedError(HHError):
    """The demo agent itself did not run to its end."""


def run_demo(layout: Layout) -> None:
    """Send realistic agent traffic to the running platform, wait until it is readable, show it."""
    found = endpoints(layout)
    run = time.strftime("%H%M%S")
    with err.status("a support agent talks to its customers (two instrumentors, six sessions)"):
        with model_server() as model_url:
            agents = [_start(found, name, model_url, run) for name in INSTRUMENTORS]
            for agent in agents:
                _finish(agent)
        client = Client(found.data_url, found.api_key)
        names = _wait_until_readable(client, run)
    for instrumentor in INSTRUMENTORS:
        print_session(client, next(name for name in names if instrumentor in name))
    out.print(f"{len(names)} sessions of the demo are readable; see them with: hh events, hh trace")
    print_door(found)


def serve_model() -> None:
    """Serve the model that speaks OpenAI's protocol until a signal ends it (Ctrl-C)."""
    with model_server() as model_url:
        out.print(f"export OPENAI_BASE_URL={model_url} OPENAI_API_KEY=none", soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


def _start(found: Endpoints, instrumentor: str, model_url: str, run: str) -> subprocess.Popen[str]:
    """The agent as any application: it knows the platform by the usual variables only."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": found.data_url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{found.api_key}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
    environment.pop("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None)
    return subprocess.Popen(
        [sys.executable, "-m", "hh_cli.demo.agent", instrumentor, model_url, run],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(agent: subprocess.Popen[str]) -> None:
    try:
        _, complaint = agent.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired as error:
        agent.kill()
        agent.communicate()
        raise DemoFailedError("the demo agent did not finish") from error
    if agent.returncode:
        if "No module named" in complaint:
            raise DemoFailedError("the demo needs: pip install 'hh-platform[demo]'")
        raise DemoFailedError(f"the demo agent failed:\n{complaint.strip()[-800:]}")


def _wait_until_readable(client: Client, run: str) -> list[str]:
    """The sessions of this run, once all can be read."""
    from hh_cli.demo.scenario import CONVERSATIONS

    expected = len(INSTRUMENTORS) * len(CONVERSATIONS)
    deadline = time.monotonic() + READABLE_SECONDS
    while True:
        names = [name for name in latest_sessions(client, limit=50) if name.endswith(f"-{run}")]
        if len(names) >= expected:
            return names
        if time.monotonic() > deadline:
            raise UnavailableError(f"only {len(names)} of {expected} demo sessions are readable")
        time.sleep(0.2)
