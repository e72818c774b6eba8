"""EESSISpawner as JupyterHub makes it: nothing of the admin's is lost, options are checked, the pod has EESSI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.orm
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from kubernetes_asyncio.client import ApiClient
from tornado.web import HTTPError
from traitlets import TraitError
from traitlets.config import Config

from eessi_spawner.kernels.settings import SETTINGS_VARIABLE
from eessi_spawner.spawner.kube import EESSISpawner

# Nothing here talks to a cluster: what does is in tests/cluster.
KUBECONFIG = """
{apiVersion: v1, kind: Config, current-context: none,
 clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}],
 users: [{name: none, user: {}}],
 contexts: [{name: none, context: {cluster: none, user: none}}]}
"""
PROFILES = [
    {"display_name": "Small", "slug": "small", "kubespawner_override": {"cpu_limit": 1}},
    {
        "display_name": "Large",
        "slug": "large",
        "kubespawner_override": {"cpu_limit": 8},
        "profile_options": {
            "image": {
                "display_name": "Image",
                "choices": {"a": {"display_name": "A", "kubespawner_override": {"image": "registry.example.org/a:1"}}},
                "unlisted_choice": {
                    "enabled": True,
                    "display_name": "Yours",
                    "validation_regex": "^registry.example.org/.+:.+$",
                    "kubespawner_override": {"image": "{value}"},
                },
            }
        },
    },
]

Json = dict[str, Any]
MakeSpawner = Callable[..., EESSISpawner]


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    from kubernetes_asyncio.config import kube_config  # noqa: PLC0415

    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    loop = asyncio.new_event_loop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def make_spawner(loop: asyncio.AbstractEventLoop) -> Iterator[MakeSpawner]:
    """Return a function that makes spawners as a hub does, from sections of configuration."""
    engine = sqlalchemy.create_engine("sqlite://")
    orm.Base.metadata.create_all(engine)
    session = sqlalchemy.orm.Session(engine)
    user = orm.User(name="Zoë@example.org")
    session.add(user)
    session.commit()

    def make(kube: Json | None = None, **configured: Any) -> EESSISpawner:
        config = Config({"EESSISpawner": configured, "KubeSpawner": kube or {}})
        settings = {"spawner_class": EESSISpawner, "config": config, "hub": Hub(), "base_url": "/"}

        async def construct() -> EESSISpawner:
            spawner: EESSISpawner = User(user, settings).get_spawner("")
            return spawner

        return loop.run_until_complete(construct())

    yield make
    session.close()
    engine.dispose()


@pytest.fixture
def pod_of(loop: asyncio.AbstractEventLoop) -> Callable[..., Json]:
    """Return a function that goes from options to a pod as a spawn does."""

    def pod_of(spawner: EESSISpawner, options: Json | None = None) -> Json:
        async def make() -> Json:
            spawner.user_options = options or {}
            await spawner._run_apply_user_options(spawner.user_options)
            await spawner.load_user_options()
            manifest = await spawner.get_pod_manifest()
            async with ApiClient() as client:
                pod: Json = client.sanitize_for_serialization(manifest)
            return pod

        return loop.run_until_complete(make())

    return pod_of


PodOf = Callable[..., Json]


def notebook(pod: Json) -> Json:
    container: Json = pod["spec"]["containers"][0]
    assert container["name"] == "notebook"
    return container


def variables(pod: Json) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in notebook(pod)["env"]}


def environments(pod: Json) -> list[str]:
    return [found["name"] for found in json.loads(variables(pod)[SETTINGS_VARIABLE])["environments"]]


# What is attached


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


def test_kubernetes_expands_nothing_in_what_kernels_are_told(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    module = "jupyter-server/2.17.0-GCCcore-14.3.0"
    listed = [{"name": "mine", "title": "costs $(HOME) $$", "release": "2025.06", "modules": [module]}]
    value = variables(pod_of(make_spawner(eessi_environments=listed)))[SETTINGS_VARIABLE]
    assert "$" not in value
    assert json.loads(value)["environments"][0]["title"] == "costs $(HOME) $$"


# What is chosen


def test_without_options_servers_get_the_newest_release(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    assert set(environments(pod_of(make_spawner()))) == {
        "2025.06-python-2025b",
        "2025.06-python-2025a",
        "2025.06-python-2024a",
    }


def test_chosen_environments_become_the_kernels(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    options = {"release": "2023.06", "environments": ["2023.06-python-2023a"]}
    assert environments(pod_of(make_spawner(), options)) == ["2023.06-python-2023a"]


@pytest.mark.parametrize(
    "options",
    [
        {"release": "1999.01"},
        {"environments": ["nope"]},
        {"environments": "text"},
        {"profile": "nope"},
        {"image": "evil"},
        {"eessi": {"$gt": ""}},
    ],
)
@pytest.mark.parametrize("profiles", [[], PROFILES], ids=["no-profiles", "profiles"])
def test_options_that_cannot_be_are_refused_by_http_400(
    options: Json, profiles: list[Json], make_spawner: MakeSpawner, pod_of: PodOf
) -> None:
    with pytest.raises(HTTPError) as raised:
        pod_of(make_spawner({"profile_list": profiles}), options)
    assert raised.value.status_code == 400


def test_a_profile_and_its_release_are_chosen_in_the_stock_form(
    make_spawner: MakeSpawner, pod_of: PodOf, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert "profile-option-large--eessi" in page
    assert "EESSI release" in page
    fields = {"profile": ["large"], "profile-option-large--eessi": ["2023.06"], "profile-option-large--image": ["a"]}
    options = loop.run_until_complete(spawner.read_form(fields))
    assert options == {"profile": "large", "eessi": "2023.06", "image": "a"}
    pod = pod_of(spawner, options)
    assert notebook(pod)["image"] == "registry.example.org/a:1"
    assert notebook(pod)["resources"]["limits"]["cpu"] == 8
    assert all(name.startswith("2023.06") for name in environments(pod))


def test_environments_named_by_rest_win_over_the_profiles_release(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    options = {"profile": "small", "environments": ["2023.06-python-2023b"]}
    assert environments(pod_of(make_spawner({"profile_list": PROFILES}), options)) == ["2023.06-python-2023b"]


def test_a_profile_of_the_admins_sets_the_environments_and_the_way(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    module = "jupyter-server/2.17.0-GCCcore-14.3.0"
    override = {
        "eessi_environments": [{"name": "course", "release": "2025.06", "modules": [module]}],
        "eessi_attach": {"way": "nfs", "server": "192.0.2.7"},
        "release": "2025.06",
        "module_environments": ["course"],
    }
    profile = {
        "display_name": "Course",
        "slug": "course",
        "kubespawner_override": override,
        "profile_options": {"eessi": {"display_name": "", "choices": {"x": {"display_name": "x"}}}},
    }
    pod = pod_of(make_spawner({"profile_list": [profile]}), {"profile": "course"})
    assert environments(pod) == ["course"]
    assert pod["spec"]["volumes"][0]["nfs"]["server"] == "192.0.2.7"


@pytest.mark.parametrize("kind", ["callable", "coroutine", "dict"])
def test_profiles_may_be_a_callable_or_a_dict(kind: str, make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    async def later(_spawner: object) -> list[Json]:
        return PROFILES

    given = {"callable": lambda _spawner: PROFILES, "coroutine": later, "dict": {"a": PROFILES[1], "b": PROFILES[0]}}
    pod = pod_of(make_spawner({"profile_list": given[kind]}), {"profile": "small", "eessi": "2023.06"})
    assert notebook(pod)["resources"]["limits"]["cpu"] == 1
    assert all(name.startswith("2023.06") for name in environments(pod))


def test_a_text_of_ones_own_must_match_and_have_no_braces(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    spawner = make_spawner({"profile_list": PROFILES})
    good = {"profile": "large", "image--unlisted-choice": "registry.example.org/b:2"}
    assert notebook(pod_of(spawner, good))["image"] == "registry.example.org/b:2"
    for bad in ("elsewhere.example.org/b:2", "registry.example.org/{username}:2"):
        with pytest.raises(HTTPError):
            pod_of(make_spawner({"profile_list": PROFILES}), {"profile": "large", "image--unlisted-choice": bad})


def test_a_form_without_profiles_offers_environments(
    make_spawner: MakeSpawner, loop: asyncio.AbstractEventLoop
) -> None:
    spawner = make_spawner()
    page = loop.run_until_complete(spawner.render_options_form(spawner))
    assert 'value="2025.06-python-2025b"' in page


# What is configured


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("eessi_attach", "ftp", "There is no way to attach called 'ftp'. Choose from: csi, nfs, none."),
        ("eessi_attach", {"way": "csi", "clam": "x"}, "has no setting 'clam'"),
        ("eessi_attach", {"way": "csi", "claim": "Not A Name"}, "name of a Kubernetes object"),
        ("eessi_attach", {"way": "nfs"}, "name of a Kubernetes object|host's name or address"),
        ("eessi_attach", ["csi", {"way": "nfs", "server": "h", "mount_path": "/cvmfs/x"}], "/cvmfs and /cvmfs/x"),
        ("eessi_attach", {"way": "csi", "static": "yes"}, "of type bool"),
        ("eessi_host_injections", {"claim": "a", "empty_dir": True}, "exactly one of"),
        ("eessi_host_injections", {"claims": "a"}, "no setting"),
    ],
)
def test_wrong_configuration_names_the_trait_the_value_and_the_fix(
    trait: str, value: Any, words: str, make_spawner: MakeSpawner
) -> None:
    with pytest.raises(TraitError, match=words) as raised:
        make_spawner(**{trait: value})
    assert f"c.EESSISpawner.{trait} = {value!r}" in str(raised.value)


def test_in_a_users_namespace_a_made_claim_is_the_servers_own(make_spawner: MakeSpawner, pod_of: PodOf) -> None:
    spawner = make_spawner({"enable_user_namespaces": True}, eessi_attach={"way": "csi", "storage_class": "cvmfs"})
    pod = pod_of(spawner)
    claim = pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
    assert claim == f"{spawner.pod_name}-cvmfs"
