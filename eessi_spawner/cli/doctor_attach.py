"""What `eessi-spawner doctor attach` sees of a cluster, and how it says which ways would work there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eessi_spawner.checks.ways.choose import all_ways
from eessi_spawner.checks.ways.verdict import Verdict
from eessi_spawner.cli.table import BOLD, GREEN, RED, YELLOW, colour
from eessi_spawner.cluster.access import connect
from eessi_spawner.cluster.survey import Survey, survey

_COLOURS = {"works": GREEN, "needs": YELLOW, "unknown": YELLOW, "no": RED}
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def look(kubeconfig: str, context: str, namespace: str) -> tuple[Survey, Sequence[Verdict]]:
    """Return what the cluster says and what that means.

    Raises
    ------
    ClusterError
        If there is no way into a cluster, or it does not answer.
    """

    async def ask() -> Survey:
        async with await connect(kubeconfig, context) as client:
            return await survey(client, namespace or _namespace(inside=not kubeconfig and not context))

    seen = asyncio.run(ask())
    return seen, all_ways(seen)


def _namespace(*, inside: bool) -> str:
    """Return the namespace of this pod, `default` where this is none."""
    if inside and _OWN_NAMESPACE.exists():
        return _OWN_NAMESPACE.read_text(encoding="utf-8").strip()
    return "default"


def to_json(seen: Survey, ways: Sequence[Verdict]) -> Mapping[str, Any]:
    """Return it as the command prints it."""
    return {
        "namespace": seen.namespace,
        "ways": [verdict.to_json() for verdict in ways],
        "unseen": dict(seen.unseen),
    }


def lines(seen: Survey, ways: Sequence[Verdict]) -> Iterator[str]:
    """Return it for people: the best way first, with what to write, and why the others come after it."""
    yield colour(f"Ways to bring EESSI into pods of namespace {seen.namespace}, best first:", BOLD)
    for verdict in ways:
        yield f"{colour(f'{verdict.state:<7}', _COLOURS[verdict.state])}  {verdict.title}"
        yield f"    {verdict.reason}"
        if verdict.advice:
            yield f"    {verdict.advice}"
        if verdict.settings and verdict.state != "no":
            yield f"    eessi_attach: {json.dumps(dict(verdict.settings))}"
    for what, words in seen.unseen.items():
        yield f"{colour('not seen:', YELLOW)} {what}: {words}"
