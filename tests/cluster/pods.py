"""Pods for tests: made from a few words, waited for, asked, and removed at the end of a block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from tests.cluster.testbed.api import Api
from tests.cluster.testbed.programs import wait_until

FOREVER = ("sleep", "1000000")


def wait_until_gone(what: str, read: Callable[[], object]) -> None:
    """Wait until *read* finds nothing."""

    def gone() -> bool:
        try:
            read()
        except ApiException as error:
            return bool(error.status == 404)
        return False

    wait_until(f"{what} is gone", gone)


class Pod:
    """A pod that exists."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self.namespace = namespace
        self.name = name

    def read(self) -> Any:
        return self._api.core.read_namespaced_pod(self.name, self.namespace)

    def run(self, script: str) -> str:
        """Run a shell script in it, and return what it wrote to both outputs."""
        asked = ["exec", f"--namespace={self.namespace}", self.name, "--", "sh", "-c", f"exec 2>&1; {script}"]
        return self._api.kubectl(*asked).stdout

    def log(self) -> str:
        return str(self._api.core.read_namespaced_pod_log(self.name, self.namespace))

    def events(self) -> list[str]:
        """Return what happened, as Reason: message."""
        found = self._api.core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={self.name},involvedObject.kind=Pod"
        )
        return [f"{event.reason}: {event.message}" for event in found.items]

    def wait_for_phase(self, phase: str) -> None:
        wait_until(f"pod {self.name} is {phase}, {self.events()}", lambda: self.read().status.phase == phase)

    def wait_for_event(self, text: str) -> None:
        wait_until(f"pod {self.name} has an event with {text!r}", lambda: any(text in event for event in self.events()))


@contextlib.contextmanager
def pod(  # noqa: PLR0913  (each by its name)
    api: Api,
    name: str,
    *,
    image: str,
    namespace: str = "default",
    node: str | None = None,
    command: tuple[str, ...] = FOREVER,
    pull_policy: str = "Never",
    **volume: Mapping[str, Any],
) -> Iterator[Pod]:
    """Make a pod with one container; *volume* may have `volume` and `mount`, in the API's words less their name."""
    container: dict[str, Any] = {"name": "main", "image": image, "command": list(command)}
    container["imagePullPolicy"] = pull_policy
    spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 0}
    if node:
        spec["nodeName"] = node
    if volume:
        spec["volumes"] = [{"name": "it", **volume["volume"]}]
        container["volumeMounts"] = [{"name": "it", **volume["mount"]}]
    api.core.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})
    made = Pod(api, namespace, name)
    try:
        yield made
    finally:
        api.core.delete_namespaced_pod(name, namespace)
        wait_until_gone(f"pod {name}", made.read)
