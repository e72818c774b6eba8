"""KubeSpawner that tells its users why a pod does not start, and that comes back after the API server was away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from kubernetes_asyncio.client import ApiException
from kubespawner import KubeSpawner

from eessi_spawner.checks.finding import Finding
from eessi_spawner.checks.pod_start import explain_event, find_trouble
from eessi_spawner.checks.refusal import explain_refusal
from eessi_spawner.spawner.rejection import refuse
from eessi_spawner.spawner.start_watch import StartWatch
from eessi_spawner.spawner.telling import TellingSpawner

_FORBIDDEN = 403


class ExplainedKubeSpawner(TellingSpawner, KubeSpawner):
    """Nothing here knows of EESSI."""

    async def start(self) -> Any:
        """Start the pod; end the wait with the reason where waiting is of no use."""
        starting = super().start()
        watch = StartWatch(
            self._look_at_pod,
            tell=self.tell,
            log=self.log,
            pod=f"{self.namespace}/{self.pod_name}",
            # A little before JupyterHub gives up, which knows no reason.
            seconds=max(self.start_timeout - 2, 1),
        )
        watching = asyncio.ensure_future(watch.find_end())
        try:
            await asyncio.wait({starting, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                failure = watching.exception()
                if failure is None:
                    raise refuse(self, watching.result())
                self.log.error(
                    "The watch of pod %s/%s failed; its start goes on", self.namespace, self.pod_name, exc_info=failure
                )
            return await starting
        except ApiException as error:
            refusal = explain_refusal(error.status, error.body)
            self.log.warning("Pod %s/%s was refused: %s", self.namespace, self.pod_name, refusal.details)
            raise refuse(self, refusal) from error
        finally:
            starting.cancel()
            watching.cancel()
            self.all_told()

    async def _make_create_pod_request(self, pod: Any, request_timeout: float) -> bool:
        """Create the pod; what ends by itself is no failure: KubeSpawner tries again where this is False.

        That is an API server that starts anew, and a namespace that has just been made, whose service account may take
        a moment.
        """
        try:
            created: bool = await super()._make_create_pod_request(pod, request_timeout)
        except aiohttp.ClientConnectionError as error:
            self.log.warning("The API server does not answer, pod %s is tried again: %s", self.pod_name, error)
            return False
        except ApiException as error:
            # plugin/pkg/admission/serviceaccount of Kubernetes.
            if error.status == _FORBIDDEN and "error looking up service account" in str(error.body):
                return False
            raise
        return created

    def _look_at_pod(self) -> list[Finding]:
        reflector = self.pod_reflector
        pod = reflector.pods.get(f"{self.namespace}/{self.pod_name}") if reflector else None
        return find_trouble(pod, self.events)

    def is_told(self, event: Mapping[str, Any]) -> bool:
        """Say whether *event* is one that the watch explains in a sentence."""
        return explain_event(event.get("raw_event") or {}) is not None

    async def _start_reflector(self, kind: str, reflector_class: Any, *, replace: bool = False, **kwargs: Any) -> Any:
        """Start a watch, or take the one that runs; one that has ended is replaced.

        KubeSpawner's watches give up for good when the API server does not answer for about 51 s (`reflector.py`,
        `_watch_and_update`), and no later spawn would see its pod; with `enable_user_namespaces` that even stops the
        hub, which is of no use where the next spawn or poll starts them again.
        """
        ended = has_ended(self.reflectors.get(self._get_reflector_key(kind)))
        reflector = await super()._start_reflector(kind, reflector_class, replace=replace or ended, **kwargs)
        reflector.on_failure = None
        return reflector


def has_ended(reflector: Any) -> bool:
    """Say whether a reflector of KubeSpawner has given up, or could not make its first list."""
    if reflector is None:
        return False
    first = reflector.first_load_future
    if first.done() and (first.cancelled() or first.exception() is not None):
        return True
    return reflector.watch_task is not None and reflector.watch_task.done()
