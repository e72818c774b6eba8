"""`eessi-spawner doctor`: checks what was set up, and which ways bring EESSI into this cluster's pods."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from eessi_spawner.checks.answer import Answer, worst
from eessi_spawner.cli.hub_packages import hub_packages
from eessi_spawner.cli.table import GREEN, RED, YELLOW, colour
from eessi_spawner.errors import ClusterError

_COLOURS = {"ok": GREEN, "warn": YELLOW, "fail": RED}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="check values files of Helm, the ways to attach on a cluster, and this machine",
        description="Check what EESSI needs here. 'attach': which ways bring EESSI into pods of the cluster that can be"
        " seen, best first, and why the others do not. 'machine': the mount, the CPU and Lmod of this machine. With"
        " neither nor --values: both. Nothing is changed. Exit code 1 if something fails, or if no way to attach works;"
        " with --strict also if there is a warning.",
    )
    parser.add_argument("what", nargs="?", choices=("attach", "machine"), help="what to look at")
    parser.add_argument(
        "--values",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a file for helm's --values; can be repeated, in helm's order: of one chart, the last wins",
    )
    parser.add_argument(
        "--namespace", default="", metavar="NAME", help="of users' pods (default: this pod's, 'default')"
    )
    parser.add_argument("--kubeconfig", default="", metavar="FILE", help="the way into the cluster, as for kubectl")
    parser.add_argument("--context", default="", metavar="NAME", help="of the kubeconfig")
    parser.add_argument("--strict", action="store_true", help="let warnings fail too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at what was asked for, and print."""
    everything = not arguments.what and not arguments.values
    found: dict[str, Sequence[Answer]] = {}
    if arguments.values:
        found["values"] = values_answers(arguments.values)
    if everything or arguments.what == "machine":
        from eessi_spawner.cli.doctor_machine import machine_answers

        found["machine"] = machine_answers()
    parts: dict[str, Any] = {name: [answer.to_json() for answer in answers] for name, answers in found.items()}
    text = [line for answers in found.values() for line in answer_lines(answers)]
    works = True
    if everything or arguments.what == "attach":
        with hub_packages():
            from eessi_spawner.cli import doctor_attach
        try:
            seen, ways = doctor_attach.look(arguments.kubeconfig, arguments.context, arguments.namespace)
        except ClusterError as error:
            if not everything:
                raise
            # A machine beside no cluster has been looked at all the same.
            parts["attach"], text = error.to_json(), [*text, f"{colour('not seen:', YELLOW)} {error}"]
        else:
            works = any(verdict.state == "works" for verdict in ways)
            parts["attach"], text = doctor_attach.to_json(seen, ways), [*text, *doctor_attach.lines(seen, ways)]
    print(json.dumps(parts, indent=2) if arguments.json else "\n".join(text))
    level = worst(answer for answers in found.values() for answer in answers)
    return 1 if not works or level == "fail" or (level == "warn" and arguments.strict) else 0


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
    # A hub's packages take a second to load.
    settings = _settings() if any(b"EESSISpawner" in text for _, text in texts) else ()
    answers = check_values(texts, settings)
    return sorted(answers, key=lambda answer: (order.get(answer.file, len(order)), answer.line))


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
            yield f"    Expected {answer.expected}; found {answer.came}." if answer.expected else f"    {answer.came}"
            yield f"    {answer.advice}"
    counts = [f"{sum(1 for answer in answers if answer.level == level)} {level}" for level in ("fail", "warn", "ok")]
    yield ", ".join(counts)
