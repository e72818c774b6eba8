"""What is added to a user's pod: plain Kubernetes JSON, and its merge into the pod that KubeSpawner made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eessi_spawner.errors import InvalidChoiceError

Json = Mapping[str, Any]

# KubeSpawner's name for the container that runs the Jupyter server (`objects.py`, `make_pod`).
NOTEBOOK_CONTAINER = "notebook"

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True)
class PodPatch:
    """Additions to a pod, as Kubernetes' API spells them.

    Attributes
    ----------
    volumes
        Of the pod.
    volume_mounts
        Of the notebook container.
    environment
        Variables of the notebook container.
    init_containers
        That run after those of the admin.
    requirements
        Expressions of a node affinity, all of which the pod's node must meet besides what the pod requires already.
    tolerations
        Of nodes' taints.
    image
        Of the notebook container, where it is another than the spawner's; empty: it stays.
    devices
        Extended resources of the notebook container, by name: how many.
    capabilities
        Of Linux that the notebook container may gain besides its own, by a program that raises privileges.
    after_start
        A command in the notebook container, without which the container is not ready; empty: none.
    """

    volumes: tuple[Json, ...] = ()
    volume_mounts: tuple[Json, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    init_containers: tuple[Json, ...] = ()
    requirements: tuple[Json, ...] = ()
    tolerations: tuple[Json, ...] = ()
    image: str = ""
    devices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    capabilities: tuple[str, ...] = ()
    after_start: tuple[str, ...] = ()

    def __add__(self, other: PodPatch) -> PodPatch:
        return PodPatch(
            (*self.volumes, *other.volumes),
            (*self.volume_mounts, *other.volume_mounts),
            MappingProxyType({**self.environment, **other.environment}),
            (*self.init_containers, *other.init_containers),
            (*self.requirements, *other.requirements),
            (*self.tolerations, *other.tolerations),
            other.image or self.image,
            MappingProxyType({**self.devices, **other.devices}),
            (*self.capabilities, *other.capabilities),
            other.after_start or self.after_start,
        )


def apply_patch(pod: Any, patch: PodPatch, as_json: Callable[[Any], Any]) -> Any:
    """Add *patch* to *pod* and return it; what the pod has already stays as it is.

    The environment is not added here: variables go through the spawner's `get_env`.

    Parameters
    ----------
    pod
        A `V1Pod` of kubernetes_asyncio, whose lists may hold models and plain JSON alike.
    as_json
        Turns models into plain JSON: `ApiClient.sanitize_for_serialization`.

    Raises
    ------
    InvalidChoiceError
        If the pod has a volume or a mount of the same name or place, or no notebook container.
    """
    spec = pod.spec
    container = next((found for found in spec.containers if _get(found, "name") == NOTEBOOK_CONTAINER), None)
    if container is None:
        raise InvalidChoiceError(
            f"The pod was expected to have a container '{NOTEBOOK_CONTAINER}', and has none.",
            advice="Let `extra_pod_config` and `modify_pod_hook` keep the container that KubeSpawner makes.",
        )
    _check_free("a volume", spec.volumes, patch.volumes, "name")
    mounts = _get(container, "volumeMounts", "volume_mounts")
    _check_free("a volume mount at", mounts, patch.volume_mounts, "mountPath", "mount_path")
    _check_free("an init container", spec.init_containers, patch.init_containers, "name")
    spec.volumes = [*(spec.volumes or ()), *patch.volumes]
    mounts = [*(mounts or ()), *patch.volume_mounts]
    changed = _changed(container, mounts, patch.image)
    if patch.devices or patch.capabilities or patch.after_start:
        changed = _privileged(changed, with_privileges(as_json(changed), patch))
    spec.containers = [changed if found is container else found for found in spec.containers]
    spec.init_containers = [*(spec.init_containers or ()), *patch.init_containers]
    if patch.requirements:
        spec.affinity = and_into(as_json(spec.affinity), patch.requirements)
    if patch.tolerations:
        present = as_json(spec.tolerations) or []
        spec.tolerations = [*present, *(found for found in patch.tolerations if found not in present)]
    return pod


def and_into(affinity: Json | None, requirements: Sequence[Json]) -> dict[str, Any]:
    """Return *affinity*, a pod's, where every node must meet *requirements* as well.

    Terms are ORed and the expressions of a term ANDed, so that each term gets all of them; a term that is empty selects
    no node, and stays so (`NodeSelectorTerm`, `k8s.io/api/core/v1/types.go`).
    """
    if not requirements:
        return dict(affinity or {})
    nodes = dict((affinity or {}).get("nodeAffinity") or {})
    required = nodes.get(_REQUIRED)
    if required is None:
        terms = [{"matchExpressions": list(requirements)}]
    else:
        terms = [_with_expressions(term, requirements) for term in required.get("nodeSelectorTerms") or ()]
    nodes[_REQUIRED] = {**(required or {}), "nodeSelectorTerms": terms}
    return {**(affinity or {}), "nodeAffinity": nodes}


def _with_expressions(term: Json, requirements: Sequence[Json]) -> dict[str, Any]:
    expressions = list(term.get("matchExpressions") or ())
    if not expressions and not term.get("matchFields"):
        return dict(term)
    return {**term, "matchExpressions": [*expressions, *(found for found in requirements if found not in expressions)]}


def _changed(container: Any, mounts: list[Any], image: str) -> Any:
    """Return *container* with *mounts*; plain JSON is of the configuration, for all pods, and stays as it is."""
    if isinstance(container, Mapping):
        return {**container, "volumeMounts": mounts, **({"image": image} if image else {})}
    container.volume_mounts = mounts
    container.image = image or container.image
    return container


def _privileged(container: Any, wanted: dict[str, Any]) -> Any:
    """Return *container* as *wanted*; a model stays one, since the admin's hook expects it."""
    if isinstance(container, Mapping):
        return wanted
    container.resources = wanted.get("resources")
    container.security_context = wanted.get("securityContext")
    container.lifecycle = wanted.get("lifecycle")
    return container


def with_privileges(container: Json, patch: PodPatch) -> dict[str, Any]:
    """Return *container*, plain JSON, with the devices, capabilities and the command of *patch*.

    Raises
    ------
    InvalidChoiceError
        If it has another command to run after its start.
    """
    changed = dict(container)
    if patch.devices:
        resources = changed.get("resources") or {}
        # Of an extended resource the limit is the request too (Kubernetes, "Extended resources").
        changed["resources"] = {**resources, "limits": {**(resources.get("limits") or {}), **patch.devices}}
    if patch.capabilities:
        security = changed.get("securityContext") or {}
        own = security.get("capabilities") or {}
        added = list(dict.fromkeys([*(own.get("add") or ()), *patch.capabilities]))
        changed["securityContext"] = {
            **security,
            "allowPrivilegeEscalation": True,
            "capabilities": {**own, "add": added},
        }
    if patch.after_start:
        lifecycle = changed.get("lifecycle") or {}
        if lifecycle.get("postStart"):
            raise InvalidChoiceError(
                "The pod has a command to run after its start already, and eessi_attach would add another.",
                advice="Take `postStart` out of `lifecycle_hooks`, and let your command run the one of eessi_attach.",
            )
        changed["lifecycle"] = {**lifecycle, "postStart": {"exec": {"command": list(patch.after_start)}}}
    return changed


def _check_free(what: str, present: Sequence[Any] | None, added: Sequence[Json], key: str, attribute: str = "") -> None:
    taken = {str(_get(item, key, attribute or key)).rstrip("/") for item in present or ()}
    for item in added:
        if item[key] in taken:
            raise InvalidChoiceError(
                f"The pod has {what} {item[key]} already, and eessi_attach would add another.",
                advice="Take it out of the hub's own `volumes`, `volume_mounts` and `init_containers`, or set"
                ' `eessi_attach = "none"` to keep it.',
            )


def _get(item: Any, key: str, attribute: str = "") -> Any:
    """Return a value of *item*, which is JSON or a model of the Kubernetes client."""
    if isinstance(item, Mapping):
        return item.get(key)
    return getattr(item, attribute or key, None)
