"""Looks at each node of a cluster once, and labels it or prints the commands that do."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubernetes_asyncio.client import ApiClient

from eessi_spawner.checks.pod_start import find_trouble
from eessi_spawner.cli.table import format_table
from eessi_spawner.cluster.access import connect
from eessi_spawner.cluster.detection import Answer, change_labels, list_nodes, read_cpuinfo
from eessi_spawner.cluster.nodes import Node
from eessi_spawner.errors import EESSIError, InvalidChoiceError
from eessi_spawner.placement.labels import ARCH_LABEL, MACHINES, Labels
from eessi_spawner.stack.cpu_targets import CpuTarget, detect_chain

_OS_LABEL = "kubernetes.io/os"


@dataclass(frozen=True)
class Result:
    """What was found on a node: its targets, best first, or why there are none, and how its labels should change."""

    node: Node
    targets: tuple[CpuTarget, ...] = ()
    reason: str = ""
    changes: Mapping[str, str | None] = field(default_factory=dict)


def detect(labels: Labels, gpu: str, arguments: argparse.Namespace) -> int:
    """Do it, and return the exit code; Jobs are removed whatever happens."""
    return _until_interrupted(_detect(labels, gpu, arguments))


async def _detect(labels: Labels, gpu: str, arguments: argparse.Namespace) -> int:
    async with await connect(arguments.kubeconfig, arguments.context) as client:
        nodes = choose_nodes(await list_nodes(client), arguments.node)
        _say(f"Looking at {len(nodes)} nodes.")
        answers = await read_cpuinfo(
            client,
            [node.name for node in nodes],
            namespace=arguments.namespace,
            image=arguments.image,
            seconds=arguments.timeout,
            tell=lambda answer: _say(f"{answer.node}: {'read' if answer.cpuinfo else 'failed'}"),
        )
        results = [
            result_of(node, answer, labels=labels, gpu=gpu, seconds=arguments.timeout)
            for node, answer in zip(nodes, answers, strict=True)
        ]
        if arguments.apply:
            results = [await _apply(client, result) for result in results]
    way_in = [f"--{name}={value}" for name in ("kubeconfig", "context") if (value := getattr(arguments, name))]
    if not arguments.apply:
        for result in results:
            if result.changes:
                print(kubectl_line(result.node.name, result.changes, way_in))
    # Commands are to be run by a shell: nothing else goes there.
    print(*format_table(rows(results, applied=arguments.apply)), sep="\n", file=None if arguments.apply else sys.stderr)
    failed = [result for result in results if result.reason]
    for result in failed:
        _say(f"{result.node.name}: {result.reason}")
    return 1 if failed or not results else 0


def choose_nodes(nodes: Sequence[Node], names: Sequence[str]) -> list[Node]:
    """Return the nodes to look at: the named ones, or all, less those that can run no Linux pod now.

    Raises
    ------
    InvalidChoiceError
        If there is no node of a name.
    """
    if unknown := sorted(set(names) - {node.name for node in nodes}):
        raise InvalidChoiceError(
            f"There is no node {unknown[0][:100]!r} in the cluster.", advice="See kubectl get nodes for their names."
        )
    chosen = []
    for node in nodes:
        if names and node.name not in names:
            continue
        if not node.is_ready:
            _say(f"{node.name}: skipped, it is not ready")
        elif node.labels.get(_OS_LABEL, "linux") != "linux":
            _say(f"{node.name}: skipped, it runs {node.labels[_OS_LABEL]}")
        else:
            chosen.append(node)
    return chosen


def result_of(node: Node, answer: Answer, *, labels: Labels, gpu: str, seconds: float) -> Result:
    """Return what the answer of a node's Job means."""
    if not answer.cpuinfo:
        return Result(node, reason=answer.problem or _why_unfinished(answer, seconds))
    if "processor" not in answer.cpuinfo:
        return Result(node, reason=f"/proc/cpuinfo was expected, {answer.cpuinfo[:60]!r} came")
    arch = node.labels.get(ARCH_LABEL, "")
    try:
        targets = detect_chain(answer.cpuinfo, MACHINES.get(arch, arch))
    except InvalidChoiceError as error:
        return Result(node, reason=str(error))
    return Result(node, targets, changes=labels.changes(node.labels, labels.labels_of(targets, gpu)))


def kubectl_line(node: str, changes: Mapping[str, str | None], way_in: Sequence[str] = ()) -> str:
    """Return the command that changes a node's labels so."""
    words = [f"{key}-" if value is None else f"{key}={value}" for key, value in changes.items()]
    return shlex.join(["kubectl", *way_in, "label", "node", node, *words, "--overwrite"])


def rows(results: Sequence[Result], *, applied: bool) -> list[tuple[str, ...]]:
    """Return the table of all nodes."""
    changed = "labelled" if applied else "to be labelled"

    def row(result: Result) -> tuple[str, ...]:
        target = result.targets[0].path if result.targets else "?"
        state = "failed" if result.reason else changed if result.changes else "as labelled"
        return (result.node.name, target, state)

    return [("NODE", "TARGET", "STATE"), *map(row, results)]


def _why_unfinished(answer: Answer, seconds: float) -> str:
    late = f"its pod did not end in {seconds:g} s"
    if found := find_trouble(answer.pod, answer.events):
        return f"{late}; {found[-1].code}: {found[-1].reason}"
    warnings = [event for event in answer.events if event.get("type") == "Warning"]
    if warnings:
        return f"{late}; {warnings[-1].get('reason')}: {warnings[-1].get('message')}"
    return f"{late}, and Kubernetes does not say why"


async def _apply(client: ApiClient, result: Result) -> Result:
    if not result.changes:
        return result
    try:
        await change_labels(client, result.node.name, result.changes)
    except EESSIError as error:
        return Result(result.node, result.targets, reason=str(error))
    return result


def _until_interrupted(work: Coroutine[Any, Any, int]) -> int:
    """Run *work*; when asked to stop, by Ctrl-C or by a signal, let it clear up first.

    Raises
    ------
    KeyboardInterrupt
        If it was asked to stop.
    """

    async def supervised() -> int:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
