"""What is added to a pod joins what it has, be that models of the Kubernetes client or plain JSON."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from kubernetes_asyncio.client import (
    ApiClient,
    V1Affinity,
    V1Container,
    V1Pod,
    V1PodSpec,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
)

from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import PodPatch, apply_patch

CVMFS = {"name": "eessi-cvmfs", "mountPath": "/cvmfs"}
PATCH = PodPatch(({"name": "eessi-cvmfs"},), (CVMFS,), {}, ({"name": "eessi-kernels"},))

# Without the session that it would open.
AS_JSON = object.__new__(ApiClient).sanitize_for_serialization


def make_pod(container: Any = None, **spec: Any) -> V1Pod:
    return V1Pod(spec=V1PodSpec(containers=[container or V1Container(name="notebook")], **spec))


@pytest.mark.parametrize(
    ("volume", "mount", "first"),
    [
        (V1Volume(name="home"), V1VolumeMount(name="home", mount_path="/home/jovyan"), V1Container(name="first")),
        ({"name": "home"}, {"name": "home", "mountPath": "/home/jovyan"}, {"name": "first"}),
    ],
    ids=["models", "json"],
)
def test_what_the_pod_has_comes_first_and_stays(volume: Any, mount: Any, first: Any) -> None:
    container = V1Container(name="notebook", volume_mounts=[mount])
    spec = apply_patch(make_pod(container, volumes=[volume], init_containers=[first]), PATCH, AS_JSON).spec
    assert spec.volumes == [volume, {"name": "eessi-cvmfs"}]
    assert spec.containers[0].volume_mounts == [mount, CVMFS]
    assert spec.init_containers == [first, {"name": "eessi-kernels"}]


def test_a_pod_without_lists_gets_them() -> None:
    spec = apply_patch(make_pod(), PATCH, AS_JSON).spec
    assert (len(spec.volumes), len(spec.containers[0].volume_mounts), len(spec.init_containers)) == (1, 1, 1)


def test_a_notebook_container_of_plain_json_is_not_changed_for_the_next_pod() -> None:
    configured = {"name": "notebook", "image": "a:1", "volumeMounts": [{"name": "home", "mountPath": "/home"}]}
    before = deepcopy(configured)
    for _ in range(2):
        spec = apply_patch(make_pod(configured), PATCH, AS_JSON).spec
        assert spec.containers == [{**before, "volumeMounts": [*before["volumeMounts"], CVMFS]}]
    assert configured == before


def test_other_containers_stay_as_they_are() -> None:
    pod = make_pod()
    pod.spec.containers.insert(0, {"name": "sidecar"})
    spec = apply_patch(pod, PATCH, AS_JSON).spec
    assert spec.containers[0] == {"name": "sidecar"}
    assert spec.containers[1].volume_mounts == [CVMFS]


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (make_pod(volumes=[V1Volume(name="eessi-cvmfs")]), "a volume eessi-cvmfs already"),
        (make_pod(volumes=[{"name": "eessi-cvmfs"}]), "a volume eessi-cvmfs already"),
        (
            make_pod(V1Container(name="notebook", volume_mounts=[V1VolumeMount(name="x", mount_path="/cvmfs/")])),
            "a volume mount at /cvmfs already",
        ),
        (make_pod({"name": "notebook", "volumeMounts": [{"name": "x", "mountPath": "/cvmfs"}]}), "mount at /cvmfs"),
        (make_pod(init_containers=[V1Container(name="eessi-kernels")]), "an init container eessi-kernels already"),
        (make_pod(V1Container(name="jupyter")), "expected to have a container 'notebook'"),
    ],
)
def test_what_is_there_already_is_refused_with_the_way_out(pod: V1Pod, words: str) -> None:
    with pytest.raises(InvalidChoiceError, match=words):
        apply_patch(pod, PATCH, AS_JSON)


def test_patches_add_up_in_order_and_the_last_variable_wins() -> None:
    first = PodPatch(({"name": "a"},), environment={"X": "1", "Y": "1"})
    both = first + PodPatch(({"name": "b"},), environment={"X": "2"})
    assert [volume["name"] for volume in both.volumes] == ["a", "b"]
    assert both.environment == {"X": "2", "Y": "1"}
    assert first.environment == {"X": "1", "Y": "1"}


ZEN4 = {"key": "cpu", "operator": "In", "values": ["zen4"]}
USERS = {"key": "purpose", "operator": "In", "values": ["user"]}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def test_models_and_terms_that_select_nothing_keep_their_meaning() -> None:
    affinity = V1Affinity(node_affinity={REQUIRED: {"nodeSelectorTerms": [{}, {"matchExpressions": [USERS, ZEN4]}]}})
    spec = apply_patch(make_pod(affinity=affinity), PodPatch(requirements=(ZEN4,)), AS_JSON).spec
    assert spec.affinity["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] == [{}, {"matchExpressions": [USERS, ZEN4]}]


def test_tolerations_are_added_once() -> None:
    gpu, spot = {"key": "gpu", "operator": "Exists"}, {"key": "spot", "operator": "Exists"}
    pod = make_pod(tolerations=[V1Toleration(key="gpu", operator="Exists")])
    assert apply_patch(pod, PodPatch(tolerations=(gpu, spot)), AS_JSON).spec.tolerations == [gpu, spot]


@pytest.mark.parametrize("container", [V1Container(name="notebook", image="a"), {"name": "notebook", "image": "a"}])
def test_another_image_takes_the_place_of_the_spawners(container: Any) -> None:
    assert AS_JSON(apply_patch(make_pod(container), PATCH, AS_JSON).spec.containers[0])["image"] == "a"
    changed = apply_patch(make_pod(container), PodPatch(image="b"), AS_JSON).spec.containers[0]
    assert AS_JSON(changed)["image"] == "b"
