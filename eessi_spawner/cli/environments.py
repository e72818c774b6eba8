"""`eessi-spawner environments`: what makes an environment, whether modules go together, and what succeeds them."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from eessi_spawner.cli.catalogue_options import add_tree_option, checked_release, open_catalogue, tell_source
from eessi_spawner.cli.table import BOLD, DIM, GREEN, RED, colour, format_table, target_summary
from eessi_spawner.stack.catalogue.complete import KERNEL_SOFTWARE, complete
from eessi_spawner.stack.catalogue.from_words import explain_incomplete
from eessi_spawner.stack.catalogue.index import Catalogue
from eessi_spawner.stack.catalogue.successors import Successor, find_successors
from eessi_spawner.stack.catalogue.together import Together, can_load_together
from eessi_spawner.stack.cpu_targets import parse_cpu_target

_LOST_SHOWN = 12


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its three actions."""
    parser = subparsers.add_parser(
        "environments",
        help="find the modules that make an environment, and what succeeds them",
        description="Work with sets of modules, which become environments and kernels.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser(
        "complete",
        help="from names of packages to modules",
        description="Take the newest toolchain generation that has all the words on the wanted CPU targets, and add"
        " what makes it a kernel. Exit code 1 if no generation has all.",
    )
    action.add_argument("words", nargs="+", metavar="WORD", help="packages or modules, as numpy or dask")
    action.add_argument(
        "--language", default="", choices=sorted(KERNEL_SOFTWARE), help="the kernel's (default: what the words are of)"
    )
    _add_options(action, "print the environment as configuration takes it")
    action.set_defaults(run=run_complete)
    action = actions.add_parser(
        "check",
        help="say whether modules can be loaded together",
        description="Say whether modules can be loaded together, and if not, why, and the nearest set that can."
        " Exit code 1 if they cannot.",
    )
    action.add_argument("modules", nargs="+", metavar="MODULE", help="full names, as matplotlib/3.10.5-gfbf-2025b")
    _add_options(action, "print the answer as JSON")
    action.set_defaults(run=run_check)
    action = actions.add_parser(
        "successors",
        help="find what modules become in a newer toolchain generation",
        description="For each module find the nearest in a newer toolchain generation, by its name or by the packages"
        " inside it, and say what would be lost. Exit code 1 if one has none.",
    )
    action.add_argument("modules", nargs="+", metavar="MODULE", help="full names, as dask/2023.9.2-foss-2023a")
    _add_options(action, "print what each becomes in every newer generation, nearest first, as JSON")
    action.set_defaults(run=run_successors)


def _add_options(action: argparse.ArgumentParser, json_help: str) -> None:
    action.add_argument("--release", metavar="R", help="only this EESSI release")
    action.add_argument(
        "--target", action="append", default=[], metavar="T", help="it must load on this CPU target (repeatable)"
    )
    add_tree_option(action)
    action.add_argument("--json", action="store_true", help=json_help)


def run_complete(arguments: argparse.Namespace) -> int:
    """Complete the words, and print what was found; exit code 1 if that is not all."""
    catalogue = open_catalogue(arguments)
    answer = complete(
        catalogue,
        arguments.words,
        release=checked_release(catalogue, arguments.release),
        targets=[parse_cpu_target(target) for target in arguments.target],
        language=arguments.language,
    )
    for word, name in answer.read_as.items():
        print(f"{word!r} was read as {name}.", file=sys.stderr)
    if not answer.complete:
        reason = explain_incomplete(answer)
        print(f"{reason[0].upper()}{reason[1:]}.", file=sys.stderr)
    if arguments.json:
        tell_source(catalogue)
        if answer.complete:
            print(json.dumps(answer.environment().to_json(), indent=1))
        return int(not answer.complete)
    if answer.modules:
        title = f"EESSI {answer.release}, generation {answer.generation}, {answer.language} kernel"
        print(colour(title if answer.complete else f"Nearest: {title}", BOLD))
        because: dict[str, list[str]] = {}
        for word, module in answer.found.items():
            because.setdefault(module, []).append(word)
        rows = [("MODULE", "FOR")]
        for module in answer.modules:
            kernel = ["the kernel"] if module == answer.kernel_module else []
            rows.append((module, ", ".join([*because.get(module, []), *kernel])))
        for line in format_table(rows):
            print(line)
        _print_targets(catalogue, answer.release, answer.targets)
    tell_source(catalogue)
    return int(not answer.complete)


def run_check(arguments: argparse.Namespace) -> int:
    """Say whether the modules can be loaded together; exit code 1 if they cannot."""
    catalogue = open_catalogue(arguments)
    answer = can_load_together(
        catalogue,
        arguments.modules,
        release=checked_release(catalogue, arguments.release),
        targets=[parse_cpu_target(target) for target in arguments.target],
    )
    if arguments.json:
        print(json.dumps({"can": answer.can, **vars(answer)}, indent=1))
    elif answer.can:
        print(f"{colour('Yes', GREEN)}: they can be loaded together in EESSI {answer.release}.")
        _print_targets(catalogue, answer.release, answer.targets)
    else:
        for reason in answer.reasons:
            print(f"{colour('No', RED)}: {reason}.")
        _print_nearest(catalogue, arguments.modules, answer)
    tell_source(catalogue)
    return int(not answer.can)


def _print_nearest(catalogue: Catalogue, asked: list[str], answer: Together) -> None:
    if not answer.modules:
        print("No set that is near can be loaded either.")
        return
    print(colour(f"Nearest: EESSI {answer.release}", BOLD))
    of_name = {module.partition("/")[0]: module for module in answer.modules}
    rows = [("MODULE", "THERE")]
    for name in dict.fromkeys(asked):
        there = "none" if name in answer.lost else of_name[name.partition("/")[0]]
        rows.append((name, "the same" if there == name else there))
    for line in format_table(rows):
        print(line)
    _print_targets(catalogue, answer.release, answer.targets)


def _print_targets(catalogue: Catalogue, release: str, targets: tuple[str, ...]) -> None:
    print(f"CPU targets: {target_summary(targets, sorted(catalogue.targets_of_release[release]))}")


def run_successors(arguments: argparse.Namespace) -> int:
    """Print what each module becomes; exit code 1 if one has no successor though there are newer generations."""
    catalogue = open_catalogue(arguments)
    release = checked_release(catalogue, arguments.release)
    targets = [parse_cpu_target(target) for target in arguments.target]
    found = {
        name: [
            one
            for one in find_successors(catalogue, name, targets=targets)
            if release is None or one.release == release
        ]
        for name in arguments.modules
    }
    nearest = {name: next((one for one in newer if one.module), None) for name, newer in found.items()}
    if arguments.json:
        print(json.dumps({name: [vars(one) for one in newer] for name, newer in found.items()}, indent=1))
    else:
        rows = [("MODULE", "SUCCESSOR", "RELEASE", "FOUND BY", "PACKAGES")]
        for name, one in nearest.items():
            if one:
                rows.append((name, one.module, one.release, one.by, _packages_summary(one)))
            else:
                rows.append((name, "none" if found[name] else "none is newer", "", "", ""))
        for line in format_table(rows):
            print(line)
        for name, one in nearest.items():
            if one:
                _print_changes(name, one)
    tell_source(catalogue)
    return int(any(found[name] and not one for name, one in nearest.items()))


def _packages_summary(one: Successor) -> str:
    parts = [f"{one.kept} kept", f"{len(one.moved)} moved", f"{len(one.lost)} lost"]
    return ", ".join(part for part in parts if part[0] != "0")


def _print_changes(name: str, one: Successor) -> None:
    """Print where packages of a module went, and which are lost."""
    if one.moved or one.lost:
        print(f"Of {name}:")
    for module, count in Counter(one.moved.values()).most_common():
        print(f"  {count} {'package is' if count == 1 else 'packages are'} in {module}")
    if one.lost:
        more = len(one.lost) - _LOST_SHOWN
        rest = colour(f" and {more} more (--json names all)", DIM) if more > 0 else ""
        print(f"  lost: {', '.join(one.lost[:_LOST_SHOWN])}{rest}")
