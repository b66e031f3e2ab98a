"""Watch this machine: start its agent, a collector and a dashboard, and keep them alive.

With `--twin` the reference network is watched beside it, played by the twin.
"""

import argparse
import fcntl
import getpass
import http.client
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from vigie import settings
from vigie.client import Client
from vigie.commands import asking
from vigie.commands.children import Child, Children
from vigie.document import duration_text
from vigie.errors import Refused, SettingsError, VigieError
from vigie.network.choice import Choice
from vigie.network.load import reference
from vigie.network.network import Network
from vigie.replies import Enrolment
from vigie.settings import (
    AgentSettings,
    CollectorSettings,
    DashboardSettings,
    TwinSettings,
    host_port,
)

PROGRAM: Final = (sys.executable, "-m", "vigie")
READY_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.2
PERSON_ROLES: Final = ("operator", "shift lead")
SCENARIO: Final = "demo"
HISTORY_SECONDS: Final = 26 * 3600.0
"""What the twin plays of the past unless told otherwise: yesterday's day has hours in it."""
EXAMPLES: Final = """\
examples:
  vigie up                                   data in ./.vigie, screens on port 8050
  vigie up --data /srv/vigie --port 9000     elsewhere, on another port
  vigie up --network network.toml            this machine is the first container of the file
  vigie up --twin                            the reference network too, played by its twin
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, and where it listens."""

    data: Path
    config: Path | None
    network: Path | None
    agent: AgentSettings
    collector: CollectorSettings
    dashboard: DashboardSettings
    twin: TwinSettings | None
    """None: only what is real is watched."""

    @property
    def api(self) -> str:
        """Where this machine reaches the collector."""
        return _url(self.collector.listen)

    @property
    def credential(self) -> Path:
        """The agent's own file; it is enrolled when there is none."""
        return self.data / "agent" / "credential"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where everything is kept [.vigie]"
    )
    parser.add_argument("--host", help="address that screens and API listen on [127.0.0.1]")
    parser.add_argument("--port", type=int, help="port of the screens [8050]")
    parser.add_argument("--api-port", type=int, metavar="PORT", help="port of the API [8051]")
    parser.add_argument(
        "--metrics-port", type=int, metavar="PORT", help="port of the agent's /metrics [8053]"
    )
    parser.add_argument("--public-port", type=int, metavar="PORT", help="not in this release")
    parser.add_argument("--network", type=Path, metavar="FILE", help="default: this host alone")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings; default ./vigie.toml"
    )
    parser.add_argument(
        "--twin", action="store_true",
        help="watch the reference network too, which the twin plays; all of it marked simulated",
    )  # fmt: skip
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help="end so long after all is ready",
    )


def run(arguments: argparse.Namespace) -> int:
    """Start everything, say where it is, and watch over it until told to end."""
    plan = _plan(arguments)
    network = _network(plan)
    plan.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock(plan.data):
        _check_ports(plan)
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: over.set())
        children = Children(_tell)
        try:
            _start(plan, network, children, over)
            end = time.monotonic() + (arguments.seconds or float("inf"))
            while not over.wait(TICK_SECONDS) and time.monotonic() < end:
                children.watch(time.monotonic())
        finally:
            _tell("ending")
            children.stop()
    return 0


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.public_port is not None:
        raise SettingsError("--public-port: this release has no public page; leave the option out")
    config = arguments.config or (
        settings.DEFAULT_FILE if settings.DEFAULT_FILE.is_file() else None
    )
    data = str(arguments.data) if arguments.data else None
    agent = settings.load(AgentSettings, file=config, env=os.environ, flags={"data": data})
    network = str(arguments.network) if arguments.network else None
    flags = {"data": data, "network": network}
    collector = settings.load(CollectorSettings, file=config, env=os.environ, flags=flags)
    dashboard = settings.load(DashboardSettings, file=config, env=os.environ, flags={"data": data})
    host = arguments.host
    collector = replace(
        collector,
        listen=_listen(collector.listen, host, arguments.api_port),
        twin=collector.twin or arguments.twin,
    )
    return Plan(
        collector.data.resolve(),
        config,
        collector.network,
        replace(agent, metrics_listen=_listen(agent.metrics_listen, None, arguments.metrics_port)),
        collector,
        replace(dashboard, listen=_listen(dashboard.listen, host, arguments.port)),
        _twin_settings(config, data) if arguments.twin else None,
    )


def _twin_settings(config: Path | None, data: str | None) -> TwinSettings:
    """What the twin is told, with faults and a past where nobody said which."""
    told = settings.load(TwinSettings, file=config, env=os.environ, flags={"data": data})
    return replace(
        told, scenario=told.scenario or SCENARIO, history=told.history or HISTORY_SECONDS
    )


def _network(plan: Plan) -> Network:
    """What this machine is part of; what the collector watches is checked with it.

    Raises:
        SettingsError: a network file is wrong, or names what the reference network names.
    """
    choice = Choice(plan.network, socket.gethostname(), plan.collector.twin)
    choice.load()
    return replace(choice, twin=False).load()


def _listen(address: str, host: str | None, port: int | None) -> str:
    before, _, number = address.rpartition(":")
    return f"{host or before}:{number if port is None else port}"


def _url(listen: str) -> str:
    host, port = host_port(listen)
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared
    return f"http://{reached}:{port}"


def _tell(line: str) -> None:
    print(f"vigie up: {line}", file=sys.stderr, flush=True)


def _lock(data: Path) -> IO[str]:
    """The open lock file; the lock is gone when it is closed, or when we die.

    Raises:
        VigieError: another `vigie up` holds it.
    """
    file = (data / "up.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise VigieError(
            f"another `vigie up` (process {owner}) uses {data}; end it, or give another --data"
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _check_ports(plan: Plan) -> None:
    for listen, flag in (
        (plan.dashboard.listen, "--port"),
        (plan.collector.listen, "--api-port"),
        (plan.agent.metrics_listen, "--metrics-port"),
    ):
        host, port = host_port(listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise VigieError(f"port {port} of {host} is not free ({error.strerror}); "
                                 f"choose another with {flag}") from error  # fmt: skip


def _start(plan: Plan, network: Network, children: Children, over: threading.Event) -> None:
    _tell(f"data in {plan.data}")
    (plan.data / asking.URL_FILE).write_text(plan.api + "\n", encoding="utf-8")
    collector = children.start("collector", lambda: _collector(plan), time.monotonic())
    if not _answers(collector, plan.api + "/readyz", over):
        return
    place = f"{network.containers[0].path}/{plan.agent.host or socket.gethostname()}"
    children.start("agent", lambda: _agent(plan, place), time.monotonic())
    dashboard = children.start("dashboard", lambda: _dashboard(plan), time.monotonic())
    if not _answers(dashboard, _url(plan.dashboard.listen) + "/healthz", over):
        return
    print(_welcome(plan), flush=True)
    if plan.twin is not None:  # last: what it plays of the past is not to keep anybody waiting
        children.start("twin", lambda: _twin(plan), time.monotonic())


def _answers(child: Child, url: str, over: threading.Event) -> bool:
    """Wait until the child answers 200; False when we are to end.

    Raises:
        VigieError: it ended instead, or it takes too long.
    """
    end = time.monotonic() + READY_SECONDS
    while not over.wait(0.05):
        if child.ended is not None:
            raise VigieError(f"{child.name} did not start (exit {child.ended}); it said why above")
        if time.monotonic() > end:
            raise VigieError(f"{child.name} does not answer on {url} after {READY_SECONDS:.0f} s")
        if _status(url) == http.HTTPStatus.OK:
            return True
    return False


def _status(url: str) -> int:
    host, _, path = url.partition("//")[2].partition("/")
    connection = http.client.HTTPConnection(host, timeout=2)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _common(plan: Plan) -> list[str]:
    config = ["--config", str(plan.config)] if plan.config else []
    return ["--data", str(plan.data), *config]


def _collector(plan: Plan) -> list[str]:
    network = ["--network", str(plan.network)] if plan.network else []
    return [
        *PROGRAM,
        "collector",
        "run",
        *_common(plan),
        "--listen",
        plan.collector.listen,
        *network,
        *(["--twin", "true"] if plan.collector.twin else []),
    ]


def _dashboard(plan: Plan) -> list[str]:
    listen = plan.dashboard.listen
    return [*PROGRAM, "dashboard", "run", *_common(plan), "--listen", listen, "--api", plan.api]


def _twin(plan: Plan) -> list[str]:
    """Its command: the settings as they are, and what `up` has chosen."""
    told = plan.twin or TwinSettings()
    command = [*PROGRAM, "twin", "run", *_common(plan), "--upstream", plan.api]
    return [*command, "--scenario", told.scenario, "--history", duration_text(told.history)]


def _agent(plan: Plan, place: str) -> list[str]:
    """Its command; with a one-time code while it has no credential of its own."""
    command = [
        *PROGRAM,
        "agent",
        "run",
        *_common(plan),
        "--metrics-listen",
        plan.agent.metrics_listen,
    ]
    command += ["--upstream", plan.api]
    if not plan.credential.exists():
        code = _enrol(plan, "agent", place.rpartition("/")[2], place).code
        command.append(f"--enrol={code}")
    return command


def _enrol(plan: Plan, kind: str, name: str, scope: str, roles: Sequence[str] = ()) -> Enrolment:
    token = asking.token(plan.data / asking.REGISTRAR)
    newcomer = {"kind": kind, "name": name, "scope": scope, "roles": list(roles)}
    with Client(plan.api, token) as client:
        return client.post(Enrolment, "principals", newcomer)


def _welcome(plan: Plan) -> str:
    name = getpass.getuser()
    screens = _url(plan.dashboard.listen)
    vigie = "vigie" if shutil.which("vigie") else f"{sys.executable} -m vigie"
    again = f"{vigie} enroll person {name} --roles '{','.join(PERSON_ROLES)}' --data {plan.data}"
    try:
        code = _enrol(plan, "person", name, "", PERSON_ROLES).code
        address = f"{screens}/login?code={code}"
        how = f"the code lets {name} in once, within the hour; another: {again}"
    except Refused as error:
        address, how = screens, f"no code for {name}: {error}; see vigie enroll person --help"
    return f"""
Vigie watches this machine. Ctrl-C ends it; data stay in {plan.data}

  Screens   {address}
            ({how})
  API       {plan.api}/docs
  Metrics   {plan.api}/metrics  and  {_url(plan.agent.metrics_listen)}/metrics
{"" if plan.twin is None else _simulated(plan.twin, reference())}"""


def _simulated(told: TwinSettings, network: Network) -> str:
    """What of the network is played, and at which scale, in words."""
    played = [c for c in network.containers if network.simulated(c.path)]
    scales: dict[str, list[float]] = {}
    for container in played:
        scales.setdefault(container.site, []).append(1.0 if told.full else container.scale)
    small = [f"{site} at 1:{1 / min(some):g}" for site, some in scales.items() if min(some) < 1]
    whole = "all of them whole" if not small else f"all whole but {', '.join(small)}"
    return f"""
  Simulated {len(played)} containers on {len(scales)} sites of the reference network,
            {whole}. No machine stands behind them: the
            twin plays their agents (seed {told.seed}, scenario {told.scenario}), and all that they
            tell is marked as simulated. Their last {told.history / 3600:g} hours come in during the
            next minutes.
"""
