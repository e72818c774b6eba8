"""`eessi-spawner environments complete`: from "numpy, matplotlib" to an environment that can be a kernel."""

from __future__ import annotations

import argparse
import json
import sys

from eessi_spawner.cli.catalogue_options import add_tree_option, checked_release, open_catalogue, tell_source
from eessi_spawner.cli.table import BOLD, colour, format_table, target_summary
from eessi_spawner.stack.catalogue.complete import KERNEL_SOFTWARE, complete
from eessi_spawner.stack.catalogue.from_words import explain_incomplete
from eessi_spawner.stack.cpu_targets import parse_cpu_target


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its action."""
    parser = subparsers.add_parser(
        "environments",
        help="find the modules that make an environment",
        description="Find the modules that make an environment, which becomes a kernel.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser(
        "complete",
        help="from names of packages to modules",
        description="Take the newest toolchain generation that has all the words on the wanted CPU targets, and add"
        " what makes it a kernel. Exit code 1 if no generation has all.",
    )
    action.add_argument("words", nargs="+", metavar="WORD", help="packages or modules, as numpy or dask")
    action.add_argument("--release", metavar="R", help="only this EESSI release")
    action.add_argument(
        "--target", action="append", default=[], metavar="T", help="it must load on this CPU target (repeatable)"
    )
    action.add_argument(
        "--language", default="", choices=sorted(KERNEL_SOFTWARE), help="the kernel's (default: what the words are of)"
    )
    add_tree_option(action)
    action.add_argument("--json", action="store_true", help="print the environment as configuration takes it")
    action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
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
        everywhere = sorted(catalogue.targets_of_release[answer.release])
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
        print(f"CPU targets: {target_summary(answer.targets, everywhere)}")
    tell_source(catalogue)
    return int(not answer.complete)
