"""`eessi-spawner render`: the pod that a user would get, without a cluster."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eessi_spawner.cli.hub_packages import hub_packages
from eessi_spawner.cli.kept_output import standard_output_kept
from eessi_spawner.errors import InvalidChoiceError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "render",
        help="print the pod that a user would get from a hub's configuration",
        description="Print the pod that a user would get, and the claims that would be made for it, as YAML. No cluster"
        " is asked. Tokens of the hub are shown as placeholders. Exit code 2 if the hub would refuse.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the hub's jupyterhub_config.py")
    parser.add_argument("--user", default="jovyan", metavar="NAME", help="whose server (default: %(default)s)")
    parser.add_argument("--server", default="", metavar="NAME", help="of the user's named servers, the one called this")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what the user chooses, as in a REST call; a repeated KEY makes a list, [...] and {...} are JSON",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Render, and print nothing else to standard output, whatever the configuration prints."""
    options = parse_options(arguments.option)
    with hub_packages():
        from eessi_spawner.spawner.render import render
    with standard_output_kept():
        text = render(arguments.config, user=arguments.user, server=arguments.server, options=options)
    print(text, end="")
    return 0


def parse_options(entries: Sequence[str]) -> dict[str, Any]:
    """Return the options that *entries* like `key=value` make.

    Raises
    ------
    InvalidChoiceError
        If one has no `=`, or is JSON that is not right.
    """
    options: dict[str, Any] = {}
    repeated = set()
    for entry in entries:
        key, equals, text = entry.partition("=")
        if not key or not equals:
            raise InvalidChoiceError(
                f"An option was expected as KEY=VALUE, {entry[:60]!r} came.",
                advice="Write it like --option release=2025.06.",
            )
        value = _parse_value(key, text)
        if key not in options:
            options[key] = value
        elif key in repeated:
            options[key].append(value)
        else:
            options[key] = [options[key], value]
            repeated.add(key)
    return options


def _parse_value(key: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidChoiceError(
            f"The option '{key[:60]}' was expected to be JSON, since it begins with {text[0]!r}: {error}.",
            advice="""Quote it for the shell: --option 'environments=["a", "b"]'.""",
        ) from error
