"""Pods for tests: made from a few words, waited for, asked, and removed at the end of a block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from tests.cluster.testbed.programs import wait_until

FOREVER = ("sleep", "1000000")


class Pod:
    """A pod that exists."""

    def __init__(self, core: client.CoreV1Api, namespace: str, name: str) -> None:
        self._core = core
        self.namespace = namespace
        self.name = name

    def read(self) -> Any:
        return self._core.read_namespaced_pod(self.name, self.namespace)

    def run(self, script: str) -> str:
        """Run a shell script in it, and return what it wrote to both outputs."""
        return str(
            stream(
                self._core.connect_get_namespaced_pod_exec,
                self.name,
                self.namespace,
                command=["sh", "-c", script],
                stdout=True,
                stderr=True,
                stdin=False,
                tty=False,
            )
        )

    def log(self) -> str:
        return str(self._core.read_namespaced_pod_log(self.name, self.namespace))

    def events(self) -> list[str]:
        """Return what happened, as Reason: message."""
        found = self._core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={self.name},involvedObject.kind=Pod"
        )
        return [f"{event.reason}: {event.message}" for event in found.items]

    def wait_for_phase(self, phase: str) -> None:
        wait_until(f"pod {self.name} is {phase}, {self.events()}", lambda: self.read().status.phase == phase)

    def wait_for_event(self, text: str) -> None:
        wait_until(f"pod {self.name} has an event with {text!r}", lambda: any(text in event for event in self.events()))


@contextlib.contextmanager
def pod(  # noqa: PLR0913  (each by its name)
    core: client.CoreV1Api,
    name: str,
    *,
    image: str,
    namespace: str = "default",
    node: str | None = None,
    command: tuple[str, ...] = FOREVER,
    **volume: Mapping[str, Any],
) -> Iterator[Pod]:
    """Make a pod with one container; *volume* may have `volume` and `mount`, in the API's words less their name."""
    container: dict[str, Any] = {"name": "main", "image": image, "imagePullPolicy": "Never", "command": list(command)}
    spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 0}
    if node:
        spec["nodeName"] = node
    if volume:
        spec["volumes"] = [{"name": "it", **volume["volume"]}]
        container["volumeMounts"] = [{"name": "it", **volume["mount"]}]
    core.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})
    made = Pod(core, namespace, name)
    try:
        yield made
    finally:
        core.delete_namespaced_pod(name, namespace)
        wait_until(f"pod {name} is gone", lambda: _gone(made))


def _gone(made: Pod) -> bool:
    try:
        made.read()
    except ApiException as error:
        return bool(error.status == 404)
    return False
