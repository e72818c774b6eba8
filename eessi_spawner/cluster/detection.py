"""Reads `/proc/cpuinfo` of nodes by a Job on each, and changes the nodes' labels."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from kubernetes_asyncio.client import ApiClient, ApiException, BatchV1Api, CoreV1Api

from eessi_spawner.cluster.access import explained
from eessi_spawner.cluster.detection_job import job_manifest
from eessi_spawner.cluster.nodes import Node, node_from_json
from eessi_spawner.errors import EESSIError

Json = Mapping[str, Any]

# Jobs at a time: a scheduler and a registry take these without being noticed.
_AT_ONCE = 32
_LOOK_SECONDS = 1.0
_REQUEST_SECONDS = 30.0
_OK = 200


@dataclass(frozen=True)
class Answer:
    """What came of the Job on a node.

    Attributes
    ----------
    node
        Its name.
    cpuinfo
        The end of its `/proc/cpuinfo`; empty where the Job failed.
    problem
        Why it failed, if that is known; empty otherwise.
    pod
        That did not end, as the API gives it; None where there is none.
    events
        Of that pod, or of the Job where it has none, oldest first.
    """

    node: str
    cpuinfo: str = ""
    problem: str = ""
    pod: Json | None = None
    events: tuple[Json, ...] = ()


async def list_nodes(client: ApiClient) -> list[Node]:
    """Return all nodes, by name.

    Raises
    ------
    ClusterError
        If the cluster does not tell.
    """
    with explained("list its nodes"):
        found = await _json(CoreV1Api(client).list_node(_preload_content=False, _request_timeout=_REQUEST_SECONDS))
    return sorted(map(node_from_json, found["items"]), key=lambda node: node.name)


async def change_labels(client: ApiClient, node: str, changes: Mapping[str, str | None]) -> None:
    """Set labels of a node, and remove those that are None.

    Raises
    ------
    ClusterError
        If the cluster refuses.
    """
    body = {"metadata": {"labels": changes}}
    with explained(f"label the node {node}"):
        await CoreV1Api(client).patch_node(node, body, _request_timeout=_REQUEST_SECONDS)


async def read_cpuinfo(  # noqa: PLR0913  (each by its name)
    client: ApiClient,
    nodes: Iterable[str],
    *,
    namespace: str,
    image: str,
    seconds: float,
    tell: Callable[[Answer], None],
) -> list[Answer]:
    """Return what each node answered, in their order; no Job is left, also if this is cancelled.

    Parameters
    ----------
    nodes
        Their names.
    namespace
        Where the Jobs are made.
    image
        Of their containers: any with `tail`.
    seconds
        How long each may take.
    tell
        Is given each answer as it comes.
    """
    run, gate = uuid.uuid4().hex[:10], asyncio.Semaphore(_AT_ONCE)

    async def ask(number: int, node: str) -> Answer:
        job = _Job(client, namespace, f"eessi-labels-{run}-{number}", node)
        manifest = job_manifest(node, name=job.name, run=run, image=image, seconds=seconds)
        async with gate:
            answer = await job.run(manifest, seconds)
        tell(answer)
        return answer

    # With exceptions among the answers it waits for all, also when it is cancelled: each removes its Job first.
    answers = await asyncio.gather(*(ask(*node) for node in enumerate(nodes)), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Answer)]


class _Job:
    """One node's Job: made, waited for, read and removed."""

    def __init__(self, client: ApiClient, namespace: str, name: str, node: str) -> None:
        self._core, self._batch = CoreV1Api(client), BatchV1Api(client)
        self._namespace = namespace
        self.name = name
        self._node = node

    async def run(self, manifest: Any, seconds: float) -> Answer:
        made = asyncio.ensure_future(
            self._batch.create_namespaced_job(self._namespace, manifest, _request_timeout=_REQUEST_SECONDS)
        )
        try:
            with explained(f"make the Job {self.name}"):
                await asyncio.shield(made)
            try:
                return await asyncio.wait_for(self._wait(), seconds)
            except asyncio.TimeoutError:
                return await self._unfinished()
        except EESSIError as error:
            return Answer(self._node, problem=str(error))
        finally:
            # What was asked for and not yet answered would come after its removal.
            await asyncio.gather(made, return_exceptions=True)
            await self._remove()

    async def _wait(self) -> Answer:
        while True:
            pod = await self._pod()
            phase = ((pod or {}).get("status") or {}).get("phase")
            if pod is not None and phase == "Succeeded":
                return Answer(self._node, cpuinfo=await self._log(pod))
            if pod is not None and phase == "Failed":
                return Answer(self._node, problem=_why_failed(pod))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _pod(self) -> Json | None:
        with explained(f"show the pod of the Job {self.name}"):
            found = await _json(
                self._core.list_namespaced_pod(
                    self._namespace,
                    label_selector=f"job-name={self.name}",
                    _preload_content=False,
                    _request_timeout=_REQUEST_SECONDS,
                )
            )
        return next(iter(found["items"]), None)

    async def _log(self, pod: Json) -> str:
        with explained(f"show the log of the pod {pod['metadata']['name']}"):
            return str(
                await self._core.read_namespaced_pod_log(
                    pod["metadata"]["name"], self._namespace, _request_timeout=_REQUEST_SECONDS
                )
            )

    async def _unfinished(self) -> Answer:
        pod = await self._pod()
        about = pod["metadata"]["name"] if pod else self.name
        with explained(f"show the events of {about}"):
            found = await _json(
                self._core.list_namespaced_event(
                    self._namespace,
                    field_selector=f"involvedObject.name={about}",
                    _preload_content=False,
                    _request_timeout=_REQUEST_SECONDS,
                )
            )
        return Answer(self._node, pod=pod, events=tuple(found["items"]))

    async def _remove(self) -> None:
        """Remove the Job with its pod; where that fails, Kubernetes does so when the Job's time is over."""
        with suppress(ApiException, aiohttp.ClientError, asyncio.TimeoutError, OSError):
            await self._batch.delete_namespaced_job(
                self.name, self._namespace, propagation_policy="Background", _request_timeout=_REQUEST_SECONDS
            )


def _why_failed(pod: Json) -> str:
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended:
            words = " ".join(str(ended.get("message") or "").split())[:300]
            return f"{ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}" + (
                f": {words}" if words else ""
            )
    return f"{status.get('reason') or 'Failed'}: {status.get('message') or 'Kubernetes does not say why'}"


async def _json(request: Any) -> Any:
    """Return what the API server answers as it came: the typed client refuses what it does not know."""
    answer = await request
    body = await answer.read()
    if answer.status != _OK:
        error = ApiException(answer.status, answer.reason)
        error.body = body.decode(errors="replace")
        raise error
    return json.loads(body)
