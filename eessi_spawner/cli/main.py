"""The command `eessi-spawner`: finds the subcommand and turns errors into sentences and exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from eessi_spawner import __version__
from eessi_spawner.cli import catalogue, demo, detect, doctor, environments, kernels, labels, pools, render, search
from eessi_spawner.errors import EESSIError

WRONG_USE = 2


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    parser = argparse.ArgumentParser(
        prog="eessi-spawner",
        description="EESSI for JupyterHub: a hub on one machine, search, environments, kernels, CPU detection, pods,"
        " node labels, node pools, checks.",
    )
    parser.add_argument("--version", action="version", version=f"eessi-spawner {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for subcommand in (demo, detect, search, environments, kernels, catalogue, render, labels, pools, doctor):
        subcommand.add_parser(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 1 if what was asked for failed, 2 for wrong use."""
    parsed = make_parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
        # It is None where the command was started without a standard output.
        if sys.stdout is not None:
            sys.stdout.flush()
    except EESSIError as error:
        print(f"eessi-spawner: {error}", file=sys.stderr)
        if error.details:
            print(error.details, file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        # The reader (`head`, say) has gone; a further write at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"eessi-spawner: {where}{error.strerror}. Check the path and its rights.", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
