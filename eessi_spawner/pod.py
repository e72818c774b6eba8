"""What is added to a user's pod: plain Kubernetes JSON, and its merge into the pod that KubeSpawner made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eessi_spawner.errors import InvalidChoiceError

Json = Mapping[str, Any]

# KubeSpawner's name for the container that runs the Jupyter server (`objects.py`, `make_pod`).
NOTEBOOK_CONTAINER = "notebook"


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
    """

    volumes: tuple[Json, ...] = ()
    volume_mounts: tuple[Json, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    init_containers: tuple[Json, ...] = ()

    def __add__(self, other: PodPatch) -> PodPatch:
        return PodPatch(
            (*self.volumes, *other.volumes),
            (*self.volume_mounts, *other.volume_mounts),
            MappingProxyType({**self.environment, **other.environment}),
            (*self.init_containers, *other.init_containers),
        )


def apply_patch(pod: Any, patch: PodPatch) -> Any:
    """Add *patch* to *pod* and return it; what the pod has already stays as it is.

    The environment is not added here: variables go through the spawner's `get_env`.

    Parameters
    ----------
    pod
        A `V1Pod` of kubernetes_asyncio, whose lists may hold models and plain JSON alike.

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
    spec.containers = [_with_mounts(found, mounts) if found is container else found for found in spec.containers]
    spec.init_containers = [*(spec.init_containers or ()), *patch.init_containers]
    return pod


def _with_mounts(container: Any, mounts: list[Any]) -> Any:
    """Return *container* with *mounts*; plain JSON is of the configuration, for all pods, and stays as it is."""
    if isinstance(container, Mapping):
        return {**container, "volumeMounts": mounts}
    container.volume_mounts = mounts
    return container


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
