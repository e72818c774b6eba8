"""`eessi-spawner doctor`: checks what was set up, and which ways bring EESSI into this cluster's pods."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from eessi_spawner.checks.answer import Answer, worst
from eessi_spawner.cli.hub_packages import hub_packages
from eessi_spawner.cli.table import GREEN, RED, YELLOW, colour

_COLOURS = {"ok": GREEN, "warn": YELLOW, "fail": RED}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="check values files of Helm",
        description="Check values files of the charts of cvmfs-csi, of Zero to JupyterHub and of this project: keys"
        " that do nothing, proxies that do not answer, nodes without the driver. Exit code 1 if something fails, with"
        " --strict also if there is a warning.",
    )
    parser.add_argument(
        "--values",
        action="append",
        type=Path,
        required=True,
        metavar="FILE",
        help="a file for helm's --values; can be repeated, in helm's order: of one chart, the last wins",
    )
    parser.add_argument("--strict", action="store_true", help="let warnings fail too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, and print."""
    answers = values_answers(arguments.values)
    if arguments.json:
        print(json.dumps({"values": [answer.to_json() for answer in answers]}, indent=2))
    else:
        print(*answer_lines(answers), sep="\n")
    level = worst(answers)
    return 1 if level == "fail" or (level == "warn" and arguments.strict) else 0


def values_answers(files: Sequence[Path]) -> Sequence[Answer]:
    """Return what is found of values files, each file's in the order of its lines."""
    with hub_packages():
        from eessi_spawner.checks.values.check import check_values
        from eessi_spawner.checks.values.tree import LARGEST
    texts = []
    for file in files:
        with file.open("rb") as stream:
            texts.append((str(file), stream.read(LARGEST + 1)))
    order = {name: number for number, (name, _) in enumerate(texts)}
    return sorted(
        check_values(texts, _settings()), key=lambda answer: (order.get(answer.file, len(order)), answer.line)
    )


def _settings() -> Collection[str]:
    """Return the names of all settings of EESSISpawner; none where no hub is installed."""
    try:
        from eessi_spawner.spawner.kube import EESSISpawner
    except ModuleNotFoundError:
        return ()
    return frozenset(EESSISpawner.class_traits(config=True))


def answer_lines(answers: Sequence[Answer]) -> Iterator[str]:
    """Return answers for people: where, how it is, of what; and below what is amiss, what to do."""
    for answer in answers:
        place = f"{answer.place}: " if answer.place else ""
        head = f"{place}{colour(f'{answer.level:<4}', _COLOURS[answer.level])}"
        if answer.level == "ok":
            yield f"{head}  {answer.key}: {answer.came}"
        else:
            yield f"{head}  {answer.code}  {answer.key}"
            yield f"    Expected {answer.expected}; found {answer.came}."
            yield f"    {answer.advice}"
    counts = [f"{sum(1 for answer in answers if answer.level == level)} {level}" for level in ("fail", "warn", "ok")]
    yield ", ".join(counts)
