"""What every way to attach promises, whatever it mounts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_asyncio.client import ApiClient

from eessi_spawner.attach.ways import parse_attachments
from eessi_spawner.errors import InvalidChoiceError
from eessi_spawner.pod import apply_patch
from eessi_spawner.spawner.claims import claim_manifest, volume_manifest
from tests.chart.openapi import VERSIONS, complaints
from tests.contract.attached_pods import LEVELS, WAYS, bare_pod, patch_of

as_json = ApiClient.sanitize_for_serialization
MANIFESTS = sorted((Path(__file__).parents[2] / "helm-config" / "manifests").glob("*.yaml"))
PAIRS = list(combinations_with_replacement(WAYS, 2))
every_way = pytest.mark.parametrize("name", WAYS)


def pod_with(*settings: Any) -> Any:
    client = ApiClient.__new__(ApiClient)

    def to_json(value: Any) -> Any:
        return as_json(client, value)

    return to_json(apply_patch(bare_pod(), patch_of(*settings), to_json))


def notebook(pod: Any) -> Any:
    (container,) = pod["spec"]["containers"]
    return container


@every_way
@pytest.mark.usefixtures("go")
@pytest.mark.parametrize("version", VERSIONS)
def test_the_pod_and_what_is_made_for_it_are_what_kubernetes_takes(version: str, name: str) -> None:
    settings = WAYS[name].settings
    assert complaints(version, pod_with(settings)) == []
    for attachment in parse_attachments(dict(settings)):
        if getattr(attachment, "is_made", False):
            assert complaints(version, dict(claim_manifest("hub", attachment))) == []  # type: ignore[arg-type]
        if getattr(attachment, "static", False):
            assert complaints(version, dict(volume_manifest("hub", attachment))) == []  # type: ignore[arg-type]


@pytest.mark.usefixtures("go")
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("version", VERSIONS)
def test_examples_for_administrators_are_what_kubernetes_and_the_driver_take(version: str, manifest: Path) -> None:
    for document in yaml.safe_load_all(manifest.read_text(encoding="utf-8")):
        assert complaints(version, document) == []
        spec = document.get("spec", {})
        assert spec.get("accessModes", ["ReadOnlyMany"]) == ["ReadOnlyMany"]
        # cvmfs-csi, internal/cvmfs/node/volumecontext.go; what it does not know it passes over without a word.
        said = {*document.get("parameters", {}), *spec.get("csi", {}).get("volumeAttributes", {})}
        assert said <= {"repository", "clientConfig", "sharedMountID"}


@pytest.mark.parametrize("name", [name for name in WAYS if name != "fuse device"])
def test_what_is_mounted_is_read_only_and_follows_the_node(name: str) -> None:
    pod = pod_with(WAYS[name].settings)
    mounts = notebook(pod)["volumeMounts"]
    assert mounts
    for mount in mounts:
        assert (mount["readOnly"], mount["mountPropagation"]) == (True, "HostToContainer")


@every_way
def test_the_same_settings_make_the_same_pod(name: str) -> None:
    assert pod_with(WAYS[name].settings) == pod_with(dict(reversed(WAYS[name].settings.items())))


@every_way
def test_the_level_of_pod_security_that_it_states_is_the_one_that_it_needs(name: str) -> None:
    (attachment,) = parse_attachments(dict(WAYS[name].settings))
    assert attachment.pod_security == WAYS[name].level == level_needed(pod_with(WAYS[name].settings))


def level_needed(pod: Any) -> str:
    """Return the lowest level that allows *pod*: pod-security-admission, policy/check_*.go, as far as it matters."""
    kinds = {kind for volume in pod["spec"].get("volumes", ()) for kind in volume if kind != "name"}
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    contexts = [container.get("securityContext", {}) for container in containers]
    added = {name for context in contexts for name in context.get("capabilities", {}).get("add", ())}
    if "hostPath" in kinds or added or any(context.get("privileged") for context in contexts):
        return "privileged"
    return "restricted" if kinds <= {"persistentVolumeClaim", "ephemeral", "emptyDir"} else "baseline"


def names(items: Iterable[Any], key: str = "name") -> list[str]:
    return [item[key] for item in items]


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_at_two_places_are_both_mounted_or_refused_in_words(pair: tuple[str, str]) -> None:
    one, other = WAYS[pair[0]], WAYS[pair[1]]
    try:
        parse_attachments([one.settings, other.elsewhere()])
    except InvalidChoiceError as error:
        assert "a pod has one" in error.message  # noqa: PT017  (most pairs raise nothing)
        return
    pod = pod_with(one.settings, other.elsewhere())
    for named in (pod["spec"].get("volumes", ()), pod["spec"].get("initContainers", ())):
        assert len(set(names(named))) == len(names(named))
    mounts = notebook(pod)["volumeMounts"]
    assert set(names(mounts)) <= set(names(pod["spec"]["volumes"]))
    assert {"/elsewhere"} < set(names(mounts, "mountPath"))


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_at_one_place_are_refused(pair: tuple[str, str]) -> None:
    at_one = [{**WAYS[name].settings, "mount_path": "/cvmfs"} for name in pair]
    with pytest.raises(InvalidChoiceError, match="Two things would be mounted at"):
        parse_attachments(at_one)


def test_the_rows_are_all_ways_and_all_levels() -> None:
    with pytest.raises(InvalidChoiceError) as raised:
        parse_attachments("no such way")
    ways = set(raised.value.advice.removeprefix("Choose from: ").rstrip(".").split(", "))
    assert ways == {str(way.settings["way"]) for way in WAYS.values()} | {"none"}
    assert {way.level for way in WAYS.values()} == set(LEVELS)
