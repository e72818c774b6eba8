"""The pod of EESSISpawner: it has EESSI, and nothing of the admin's is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.web import HTTPError

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE
from tests.unit.spawner.pods import Json, MakeSpawner, PodOf, notebook, variables


def test_by_default_the_claim_cvmfs_is_mounted_read_only_and_follows_the_node(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    pod = pod_of(make_spawner())
    assert pod["spec"]["volumes"] == [
        {"name": "eessi-cvmfs", "persistentVolumeClaim": {"claimName": "cvmfs", "readOnly": True}}
    ]
    assert notebook(pod)["volumeMounts"] == [
        {"name": "eessi-cvmfs", "mountPath": "/cvmfs", "readOnly": True, "mountPropagation": "HostToContainer"}
    ]


def test_the_way_none_leaves_the_pod_as_kubespawner_made_it(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    pod = pod_of(make_spawner(eessi_attach="none"))
    assert pod["spec"]["volumes"] == []
    assert notebook(pod)["volumeMounts"] == []
    assert pod["spec"]["initContainers"] == []


@pytest.mark.parametrize(
    "home",
    [
        [{"name": "home", "persistentVolumeClaim": {"claimName": "home-{username}"}}],
        {"home": {"name": "home", "persistentVolumeClaim": {"claimName": "home-{username}"}}},
    ],
    ids=["list", "dict"],
)
def test_a_home_volume_stays_whether_it_is_given_as_a_list_or_a_dict(
    home: Any, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    mount = {"name": "home", "mountPath": "/home/jovyan"}
    mounts = [mount] if isinstance(home, list) else {"home": mount}
    pod = pod_of(make_spawner({"volumes": home, "volume_mounts": mounts}))
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["home", "eessi-cvmfs"]
    assert [found["mountPath"] for found in notebook(pod)["volumeMounts"]] == ["/home/jovyan", "/cvmfs"]


def test_a_volume_of_extra_pod_config_stays(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    extra = {"volumes": [{"name": "scratch", "emptyDir": {}}], "priorityClassName": "low"}
    pod = pod_of(make_spawner({"extra_pod_config": extra}))
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["scratch", "eessi-cvmfs"]
    assert pod["spec"]["priorityClassName"] == "low"


def test_init_containers_of_the_admin_run_before_ours_and_keep_their_braces(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    admins = [{"name": "first", "image": "i:1", "command": ["sh", "-c", "echo ${{HOME}}"]}]
    pod = pod_of(make_spawner({"init_containers": admins}, kernels_image="registry.example.org/kernels:1"))
    assert [found["name"] for found in pod["spec"]["initContainers"]] == ["first", "eessi-kernels"]
    assert pod["spec"]["initContainers"][0]["command"][-1] == "echo ${HOME}"


def test_node_terms_of_z2jh_are_neither_widened_nor_lost(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    term = {"matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]}
    pod = pod_of(make_spawner({"node_affinity_required": [term], "node_selector": {"disk": "ssd"}}))
    required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["nodeSelectorTerms"] == [term]
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}


def test_a_mount_that_the_admin_has_at_the_same_place_is_refused_with_the_way_out(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner({"volume_mounts": [{"name": "x", "mountPath": "/cvmfs"}]})
    with pytest.raises(HTTPError) as raised:
        pod_of(spawner)
    assert 'eessi_attach = "none"' in str(raised.value)


def test_two_repositories_are_mounted_side_by_side(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    ways = [
        {"way": "csi", "claim": "eessi", "mount_path": "/cvmfs/software.eessi.io"},
        {"way": "nfs", "server": "192.0.2.7", "path": "/site", "mount_path": "/cvmfs/site.example.org"},
    ]
    pod = pod_of(make_spawner(eessi_attach=ways))
    assert [found["mountPath"] for found in notebook(pod)["volumeMounts"]] == [way["mount_path"] for way in ways]
    assert pod["spec"]["volumes"][1]["nfs"] == {"server": "192.0.2.7", "path": "/site", "readOnly": True}


def test_every_mount_of_every_way_is_read_only_and_follows_the_node(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    for way in ("csi", {"way": "nfs", "server": "192.0.2.7"}, {"way": "nfs", "claim": "nfs"}):
        (mount,) = notebook(pod_of(make_spawner(eessi_attach=way)))["volumeMounts"]
        assert (mount["readOnly"], mount["mountPropagation"]) == (True, "HostToContainer")


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"claim": "site"}, {"persistentVolumeClaim": {"claimName": "site", "readOnly": True}}),
        ({"host_path": "/opt/eessi"}, {"hostPath": {"path": "/opt/eessi", "type": "Directory"}}),
        ({"empty_dir": True}, {"emptyDir": {}}),
    ],
)
def test_host_injections_are_mounted_where_eessi_looks_for_them(
    given: Json, source: Json, make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    pod = pod_of(make_spawner(eessi_host_injections=given))
    assert pod["spec"]["volumes"][-1] == {"name": "eessi-host-injections", **source}
    assert notebook(pod)["volumeMounts"][-1]["mountPath"] == "/opt/eessi"
    assert "EESSI_SITE_SOFTWARE_PREFIX" not in variables(pod), "EESSI finds its default place by itself"


def test_host_injections_elsewhere_are_named_to_eessis_module(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    pod = pod_of(make_spawner(eessi_host_injections={"claim": "site", "mount_path": "/srv/eessi"}))
    assert variables(pod)["EESSI_SITE_SOFTWARE_PREFIX"] == "/srv/eessi"


def test_an_image_without_this_package_gets_the_kernels_by_a_restricted_init_container(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    spawner = make_spawner(
        {"environment": {"JUPYTER_CONFIG_PATH": "/etc/mine"}}, kernels_image="registry.example.org/kernels:1"
    )
    pod = pod_of(spawner)
    (container,) = pod["spec"]["initContainers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["args"] == ["/opt/eessi-spawner"]
    assert variables(pod)["JUPYTER_CONFIG_PATH"] == "/opt/eessi-spawner/etc/jupyter:/etc/mine"


def test_a_client_in_the_pod_is_a_sidecar_beside_the_kernels_and_the_server_stays_as_it_is(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    way = {"way": "fuse", "image": "registry.example.org/fuse:1"}
    pod = pod_of(make_spawner(eessi_attach=way, kernels_image="registry.example.org/kernels:1"))
    assert [found["name"] for found in pod["spec"]["initContainers"]] == ["eessi-fuse", "eessi-kernels"]
    plain = notebook(pod_of(make_spawner(eessi_attach="none")))
    assert notebook(pod)["securityContext"] == plain["securityContext"]
    assert notebook(pod)["resources"] == plain["resources"]


def test_a_client_in_the_servers_container_adds_to_what_kubespawner_gives_it(
    make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    way = {"way": "fuse", "device": "github.com/fuse"}
    spawner = make_spawner({"uid": 1000, "cpu_limit": 2}, eessi_attach=way)
    container = notebook(pod_of(spawner))
    assert container["resources"]["limits"] == {"cpu": 2, "github.com/fuse": "1"}
    security = container["securityContext"]
    assert (security["runAsUser"], security["allowPrivilegeEscalation"]) == (1000, True)
    assert container["lifecycle"]["postStart"]["exec"]["command"][0] == "mount-repositories"


def test_kubernetes_expands_nothing_in_what_kernels_are_told(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    module = "jupyter-server/2.17.0-GCCcore-14.3.0"
    listed = [{"name": "mine", "title": "costs $(HOME) $$", "release": "2025.06", "modules": [module]}]
    value = variables(pod_of(make_spawner(eessi_environments=listed)))[SETTINGS_VARIABLE]
    assert "$" not in value
    assert json.loads(value)["environments"][0]["title"] == "costs $(HOME) $$"
