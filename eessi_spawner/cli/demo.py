"""`eessi-spawner demo`: a whole hub on this machine, to look at or to check itself."""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
from pathlib import Path

DEFAULT_PORT = 8000


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="run a whole hub with EESSI kernels on this machine",
        description="Run a real JupyterHub on 127.0.0.1 whose notebooks run in EESSI modules. Where"
        " /cvmfs/software.eessi.io is not mounted, a sample stack is built once.",
    )
    parser.add_argument(
        "--root", metavar="DIR", help="the EESSI repository to use (default: the mounted one, else a sample)"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="where to listen (default: %(default)s)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the hub's database and the homes are kept")
    parser.add_argument(
        "--check",
        action="store_true",
        help="log in, choose, run a notebook in each kernel, print what each answers",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the hub until it is interrupted, or the check until it ends."""
    # Imported here: the other subcommands work without a hub installed.
    from eessi_spawner.demo.check import check_hub
    from eessi_spawner.demo.hub import free_port, running_hub
    from eessi_spawner.demo.stack import find_stack
    from eessi_spawner.stack.host import read_host

    # A closed terminal and `kill` end it as Ctrl-C does: with all that it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    host = read_host()
    print(f"This machine's CPU runs builds for {host.target}")
    root = find_stack(arguments.root, host)
    if arguments.check:
        with tempfile.TemporaryDirectory(prefix="eessi-demo-") as state:
            log = Path(state, "jupyterhub.log")
            with running_hub(Path(state), root=root, port=free_port(), log=log) as hub:
                return check_hub(hub.url, log=log)
    state_home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    directory = arguments.state or Path(state_home) / "eessi-spawner" / "demo"
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "jupyterhub.log"
    with running_hub(directory, root=root, port=arguments.port, log=log) as hub:
        print(f"\nThe hub is at {hub.url}\nLog in under any name, without a password. Its log: {log}")
        print(f"Search EESSI's software: {hub.url}services/eessi/\nStop it: Ctrl-C")
        return hub.process.wait()
