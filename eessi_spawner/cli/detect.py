"""`eessi-spawner detect`: the CPU target of this machine, or of one that a cpuinfo file describes."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from eessi_spawner.stack.host import CPUINFO, read_chain


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "detect",
        help="print the EESSI CPU target of this machine",
        description="Print the EESSI CPU target of a machine, found by the rules of EESSI's archdetect.",
    )
    parser.add_argument("--cpuinfo", type=Path, default=CPUINFO, metavar="FILE", help="a copy of /proc/cpuinfo")
    parser.add_argument(
        "--machine",
        default=os.uname().machine,
        metavar="NAME",
        help="what 'uname -m' prints there (default: here)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help='print {"target", "chain"}')
    output.add_argument(
        "--chain", action="store_true", help="print all targets the CPU runs, best first, as archdetect -a"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Detect, and print what was asked for."""
    chain = [target.path for target in read_chain(arguments.cpuinfo, arguments.machine)]
    if arguments.json:
        print(json.dumps({"target": chain[0], "chain": chain}))
    elif arguments.chain:
        print(":".join(chain))
    else:
        print(chain[0])
    return 0
