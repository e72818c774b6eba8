"""`eessi-spawner kernels`: list, install, explain and run the kernels of EESSI environments."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from eessi_spawner.cli.catalogue_options import saved_directory
from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.kernels.explain import explain
from eessi_spawner.kernels.install import write_specs
from eessi_spawner.kernels.launcher import become
from eessi_spawner.kernels.resolve import resolve
from eessi_spawner.kernels.settings import SETTINGS_VARIABLE, KernelSettings, settings_from_variable
from eessi_spawner.kernels.specs import KernelSpec, make_spec
from eessi_spawner.stack.catalogue.listed import check_listed, open_saved_catalogue, resolve_listed
from eessi_spawner.stack.cpu_targets import parse_cpu_target
from eessi_spawner.stack.defaults import default_environments, default_modules
from eessi_spawner.stack.environments import Environment
from eessi_spawner.stack.host import Host, read_host
from eessi_spawner.stack.mount import ask_stack
from eessi_spawner.stack.releases import DEFAULT_ROOT


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its four actions."""
    parser = subparsers.add_parser(
        "kernels",
        help="list, install, explain and run EESSI kernels",
        description="Work with the kernels of EESSI environments: those that the spawner chose when run in a server's"
        " terminal, else the default environments of the mounted stack.",
    )
    parser.add_argument(
        "--root",
        default=None,
        metavar="DIR",
        help=f"the EESSI repository (default: the server's, else {DEFAULT_ROOT})",
    )
    parser.add_argument("--environments", type=Path, metavar="FILE", help="a JSON list of environments to use instead")
    parser.add_argument("--cpu-target", default="", metavar="TARGET", help="pin the builds, such as x86_64/generic")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("list", help="list the kernels")
    action.add_argument("--json", action="store_true", help="print a JSON list")
    action.set_defaults(run=list_kernels)
    action = actions.add_parser("install", help="write kernel specs where Jupyter finds them")
    place = action.add_mutually_exclusive_group(required=True)
    place.add_argument("--prefix", type=Path, help="under PREFIX/share/jupyter/kernels, such as a virtual environment")
    place.add_argument("--path", type=Path, help="in this directory")
    action.set_defaults(run=install_kernels)
    action = actions.add_parser("explain", help="load a kernel's modules and say step by step what happens")
    action.add_argument("name", help="an environment's or a kernel's name")
    action.set_defaults(run=explain_kernel)
    action = actions.add_parser("run", help="run a command in a kernel's environment (without one: a shell)")
    action.add_argument("name", help="an environment's or a kernel's name")
    action.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND ...", help="the command and its arguments")
    action.set_defaults(run=run_in_kernel)


def list_kernels(arguments: argparse.Namespace) -> int:
    """Print the kernels, as a table or as JSON."""
    specs = find_specs(arguments, read_host())
    if arguments.json:
        rows = [
            {
                "name": spec.environment.name,
                "kernel": spec.name,
                "display_name": spec.display_name,
                "release": spec.environment.release,
                "modules": list(spec.environment.modules),
            }
            for spec in specs
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    table = [("NAME", "KERNEL", "SHOWN AS")]
    table += [(spec.environment.name, spec.name, spec.display_name) for spec in specs]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    for name, kernel, shown in table:
        print(f"{name:{widths[0]}}  {kernel:{widths[1]}}  {shown}")
    return 0


def install_kernels(arguments: argparse.Namespace) -> int:
    """Write the specs; they detect the CPU at each start, since others may use them on other machines."""
    directory = arguments.path or arguments.prefix / "share" / "jupyter" / "kernels"
    for place in write_specs(directory, find_specs(arguments, None)):
        print(place)
    return 0


def explain_kernel(arguments: argparse.Namespace) -> int:
    """Print what happens when the kernel starts; exit code 1 if it cannot."""
    spec = find_spec(arguments)
    failed = False
    for step in explain(spec):
        failed = failed or not step.succeeded
        print(f"{'ok  ' if step.succeeded else 'FAIL'}  {step.text}", flush=True)
    return int(failed)


def run_in_kernel(arguments: argparse.Namespace) -> int:
    """Become the command, in the environment that the kernel runs in."""
    spec = find_spec(arguments)
    resolved = resolve(spec.recipe)
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    words = words or [os.environ.get("SHELL", "/bin/sh")]
    sys.stdout.flush()
    become(["/usr/bin/env", *words], resolved.variables)
    raise OSError(0, "could not be executed", words[0])


def find_spec(arguments: argparse.Namespace) -> KernelSpec:
    """Return the spec that the user names.

    Raises
    ------
    InvalidChoiceError
        If there is none of that name.
    """
    specs = find_specs(arguments, read_host())
    for spec in specs:
        if arguments.name in (spec.environment.name, spec.name):
            return spec
    raise InvalidChoiceError(
        f"There is no environment '{arguments.name}'.",
        advice=f"Use one of: {', '.join(spec.environment.name for spec in specs) or 'none is offered here'}.",
    )


def find_specs(arguments: argparse.Namespace, host: Host | None) -> list[KernelSpec]:
    """Return the specs of the file given, of the server's settings, or of the stack's default environments."""
    settings = KernelSettings(root=arguments.root or DEFAULT_ROOT)
    value = os.environ.get(SETTINGS_VARIABLE)
    if value is not None and arguments.root is None:
        settings = settings_from_variable(value)
    if arguments.cpu_target:
        settings = replace(settings, cpu_target=parse_cpu_target(arguments.cpu_target).path, targets={})
    environments = settings.environments
    sample = settings.sample
    if arguments.environments is not None:
        environments = complete_all(read_environments(arguments.environments), host or read_host())
    elif not environments:
        reading = ask_stack(settings.root, (host or read_host()).chain, default_modules())
        environments, sample = default_environments(reading), reading.sample
    settings = replace(settings, environments=environments, sample=sample)
    return [make_spec(environment, settings, host) for environment in environments]


def complete_all(entries: list[Any], host: Host) -> tuple[Environment, ...]:
    """Return the environments of *entries*, those that name packages completed for *host* from the catalogue.

    Raises
    ------
    InvalidChoiceError
        If one is written wrongly, or its packages cannot be had together.
    """
    for entry in entries:
        check_listed(entry)
    listed = resolve_listed(entries, host.chain[:1], lambda: open_saved_catalogue(saved_directory()))
    for found in listed:
        if found.problem:
            raise InvalidChoiceError(
                f"Environment '{found.environment.name}' cannot be used: {found.problem}.",
                advice="Look for what there is with: eessi-spawner environments complete WORDS",
            )
    return tuple(found.environment for found in listed)


def read_environments(path: Path) -> list[Any]:
    """Read a JSON list of environments.

    Raises
    ------
    EESSIError
        If the file holds anything else.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EESSIError(f"{path} is not JSON ({error}).", advice="Write a JSON list of environments.") from None
    if not isinstance(entries, list):
        raise EESSIError(f"{path} holds no list.", advice="Write a JSON list of environments.")
    return entries
